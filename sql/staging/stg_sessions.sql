-- Completed sessions of the booking system, from the moment the trigger was observed.
-- grain: session
-- key: session_id
select
    session_id,
    name,
    state,
    reason,
    cast(completed_on as date) as completed_on,
    cast(first_observed_at as timestamptz) as first_observed_at,
    cast(cast(first_observed_at as timestamptz) at time zone $time_zone as date) as first_observed_on
from raw_sessions
