-- On what the books and the outside ever did not agree, named as the studio knows it, with what to do about it.
-- grain: difference
-- key: difference_id
select
    stg_differences.difference_id,
    stg_differences.scope,
    stg_differences.subject_id,
    case
        when stg_differences.cause = 'balance_differs' then 'Stripe balance'
        when stg_differences.scope = 'galleries' then concat('Gallery ', stg_differences.subject_id)
        else coalesce(stg_invoices.number, paid.number, stg_differences.subject_id)
    end as subject,
    stg_differences.cause,
    stg_differences.currency,
    stg_differences.ledger_minor,
    stg_differences.outside_minor,
    coalesce(stg_differences.outside_minor, 0) - coalesce(stg_differences.ledger_minor, 0) as off_minor,
    stg_differences.sentence,
    stg_differences.found_on,
    stg_differences.closed_on
from stg_differences
left join stg_invoices on stg_differences.subject_id = stg_invoices.invoice_id
left join stg_payments on stg_differences.subject_id = stg_payments.payment_id
left join stg_invoices as paid on stg_payments.invoice_id = paid.invoice_id
