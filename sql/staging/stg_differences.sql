-- On what the books and the outside did not agree when they were compared, with what to do about it.
-- grain: difference
-- key: difference_id
select
    difference_id,
    scope,
    subject_id,
    cause,
    currency,
    sentence,
    try_cast(ledger_minor as bigint) as ledger_minor,
    try_cast(outside_minor as bigint) as outside_minor,
    cast(cast(found_at as timestamptz) at time zone $time_zone as date) as found_on,
    cast(cast(closed_at as timestamptz) at time zone $time_zone as date) as closed_on
from raw_differences
