-- What waits for a person, as of a day, with the sentence that says what to do.
-- grain: open matter
-- key: attention_id
select
    attention_id,
    subject_id,
    subject,
    code,
    sentence,
    opened_on,
    $as_of - opened_on as days_open
from attention_matters
where $as_of >= opened_on and (resolved_on is null or $as_of < resolved_on)
