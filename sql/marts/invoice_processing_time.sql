-- How long each invoice took from the completed session being noticed to the client having it: stage by stage.
-- "Sent" is the mail server's acceptance, also of the mail that announces a charge of some days later; where a card is
-- charged at once, it is the charge's success, or the mail that says it failed.
-- grain: invoice
-- key: invoice_id
with documents as (
    select
        subject_id as invoice_id,
        min(created_at) as rendered_at
    from stg_documents
    group by subject_id
),

acts as (
    select
        subject_id as invoice_id,
        min(case when kind = 'mail' and purpose = 'invoice' then settled_at end) as mailed_at,
        min(case when kind = 'charge' then settled_at end) as charged_at,
        min(case when kind = 'mail' and purpose = 'payment_failed' then settled_at end) as refused_at
    from stg_effects
    where state = 'done' and (kind = 'charge' or (kind = 'mail' and purpose in ('invoice', 'payment_failed')))
    group by subject_id
),

stages as (
    select
        stg_invoices.invoice_id,
        stg_invoices.number,
        stg_invoices.collection,
        stg_invoices.session_on,
        stg_invoices.trigger_observed_at as observed_at,
        stg_invoices.priced_at,
        documents.rendered_at,
        case
            when stg_invoices.collection = 'autopay' and stg_invoices.due_on = stg_invoices.issued_on
                then least(acts.charged_at, acts.refused_at)
            else acts.mailed_at
        end as sent_at
    from stg_invoices
    left join documents on stg_invoices.invoice_id = documents.invoice_id
    left join acts on stg_invoices.invoice_id = acts.invoice_id
    -- The corrected invoice after a void has waited for a person; it says nothing about the pipeline.
    qualify stg_invoices.revision = min(stg_invoices.revision) over (
        partition by stg_invoices.session_id, stg_invoices.part
    )
)

select
    *,
    cast(observed_at at time zone $time_zone as date) as observed_on,
    cast(sent_at at time zone $time_zone as date) as sent_on,
    date_diff('millisecond', observed_at, priced_at) / 1000.0 as pricing_seconds,
    date_diff('millisecond', priced_at, rendered_at) / 1000.0 as rendering_seconds,
    date_diff('millisecond', rendered_at, sent_at) / 1000.0 as sending_seconds,
    date_diff('millisecond', observed_at, sent_at) / 1000.0 as total_seconds,
    $promise_hours * 3600 as promise_seconds,
    date_diff('millisecond', observed_at, sent_at) <= $promise_hours * 3600000 as is_within_promise,
    cast(sent_at at time zone $time_zone as date) - session_on as days_after_session
from stages
