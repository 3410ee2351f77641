-- Charges of clients' cards by the pipeline that have ended, well or not.
-- grain: charge
-- key: effect_id
select
    stg_effects.effect_id,
    stg_effects.subject_id as invoice_id,
    stg_invoices.currency,
    stg_effects.settled_at as charged_at,
    stg_effects.settled_on as charged_on,
    stg_effects.outcome_code,
    stg_effects.state = 'done' as is_success
from stg_effects
inner join stg_invoices on stg_effects.subject_id = stg_invoices.invoice_id
where stg_effects.kind = 'charge' and stg_effects.state in ('done', 'failed')
