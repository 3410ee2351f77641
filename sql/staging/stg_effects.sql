-- What had to be done outside: mails, charges, galleries, notes in the booking system; and how it ended.
-- grain: effect
-- key: effect_id
select
    effect_id,
    key,
    kind,
    purpose,
    subject_id,
    state,
    outcome_code,
    attempts,
    cast(created_at as timestamptz) as created_at,
    cast(settled_at as timestamptz) as settled_at,
    cast(cast(settled_at as timestamptz) at time zone $time_zone as date) as settled_on
from raw_effects
