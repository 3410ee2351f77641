-- What people of the studio did by hand, with their reason.
-- grain: command
-- key: command_id
select
    command_id,
    name,
    actor,
    reason,
    state,
    cast(cast(submitted_at as timestamptz) at time zone $time_zone as date) as submitted_on
from raw_commands
