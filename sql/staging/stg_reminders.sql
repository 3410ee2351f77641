-- Reminders that a mail server accepted, with their dunning stage.
-- grain: reminder sent
-- key: effect_id
select
    effect_id,
    subject_id as invoice_id,
    split_part(purpose, ':', 2) as stage,
    settled_at as sent_at,
    settled_on as sent_on
from stg_effects
where kind = 'mail' and purpose like 'reminder:%' and state = 'done'
