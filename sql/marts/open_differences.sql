-- On what the books and the outside do not agree as of a day, with what to do about it.
-- grain: open difference
-- key: difference_id
select
    difference_id,
    scope,
    subject_id,
    subject,
    cause,
    currency,
    ledger_minor,
    outside_minor,
    off_minor,
    sentence,
    found_on,
    $as_of - found_on as days_open
from difference_matters
where $as_of >= found_on and (closed_on is null or $as_of < closed_on)
