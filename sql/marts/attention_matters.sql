-- Everything that ever waited for a person, named as the studio knows it: invoice number, or session.
-- grain: matter
-- key: attention_id
select
    stg_attention.attention_id,
    stg_attention.subject_id,
    coalesce(stg_invoices.number, stg_sessions.name, stg_attention.subject_id) as subject,
    stg_attention.code,
    stg_attention.sentence,
    stg_attention.opened_on,
    stg_attention.resolved_on
from stg_attention
left join stg_invoices on stg_attention.subject_id = stg_invoices.invoice_id
left join stg_sessions on stg_attention.subject_id = stg_sessions.session_id
