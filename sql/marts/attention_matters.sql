-- Everything that ever waited for a person, named as the studio knows it: by invoice number, session or client.
-- grain: matter
-- key: attention_id
with names (subject_id, subject) as (
    select
        invoice_id as subject_id,
        number as subject
    from stg_invoices
    union all
    select
        session_id as subject_id,
        name as subject
    from stg_sessions
    union all
    select
        stg_payments.payment_id as subject_id,
        stg_invoices.number as subject
    from stg_payments
    inner join stg_invoices on stg_payments.invoice_id = stg_invoices.invoice_id
    union all
    select
        stg_refunds.refund_id as subject_id,
        stg_invoices.number as subject
    from stg_refunds
    inner join stg_invoices on stg_refunds.invoice_id = stg_invoices.invoice_id
    union all
    select
        stg_disputes.dispute_id as subject_id,
        stg_invoices.number as subject
    from stg_disputes
    inner join stg_invoices on stg_disputes.invoice_id = stg_invoices.invoice_id
    union all
    select
        concat('client:', client_id) as subject_id,
        max(client_name) as subject
    from stg_invoices
    group by client_id
),

effect_names as (
    -- A matter about an effect carries its key.
    select
        stg_effects.key as subject_id,
        names.subject
    from stg_effects
    inner join names on stg_effects.subject_id = names.subject_id
)

select
    stg_attention.attention_id,
    stg_attention.subject_id,
    coalesce(names.subject, effect_names.subject, stg_attention.subject_id) as subject,
    stg_attention.code,
    stg_attention.sentence,
    stg_attention.opened_on,
    stg_attention.resolved_on
from stg_attention
left join names on stg_attention.subject_id = names.subject_id
left join effect_names on stg_attention.subject_id = effect_names.subject_id
