-- Reminders that went out, with their dunning stage.
-- grain: reminder
-- key: effect_id
select
    effect_id,
    invoice_id,
    stage,
    sent_on
from stg_reminders
