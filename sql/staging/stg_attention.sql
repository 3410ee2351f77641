-- What waited for a person, with the sentence that says what to do.
-- grain: matter
-- key: attention_id
select
    attention_id,
    subject_id,
    code,
    sentence,
    cast(cast(opened_at as timestamptz) at time zone $time_zone as date) as opened_on,
    cast(cast(resolved_at as timestamptz) at time zone $time_zone as date) as resolved_on
from raw_attention
