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
        concat('client:', client_id) as subject_id,
        max(client_name) as subject
    from stg_invoices
    group by client_id
),

beginnings as (
    -- A matter about an effect carries its key: kind, purpose and subject, and for a reminder its day after that.
    select distinct
        stg_attention.subject_id,
        array_to_string(string_split(stg_attention.subject_id, ':')[1:parts.number], ':') as beginning
    from stg_attention
    cross join range(3, 12) as parts (number)
),

effect_names as (
    select distinct
        beginnings.subject_id,
        names.subject
    from beginnings
    inner join stg_effects
        on beginnings.beginning = concat(stg_effects.kind, ':', stg_effects.purpose, ':', stg_effects.subject_id)
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
