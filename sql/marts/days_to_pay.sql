-- How long each invoice took until nothing was owed on it, as of a day; a refund or a lost dispute opens it again.
-- Invoices that were voided or credited in full by that day are left out. One of which everything was paid before was
-- paid on its day of issue, and asked for nothing.
-- grain: invoice
-- key: invoice_id
with known as (
    select
        billed_invoices.invoice_id,
        billed_invoices.number,
        billed_invoices.client_id,
        billed_invoices.client_name,
        billed_invoices.currency,
        billed_invoices.collection,
        billed_invoices.issued_on,
        billed_invoices.due_on,
        invoice_balances.billed_minor - invoice_balances.credited_minor as net_minor,
        invoice_balances.written_off_minor,
        invoice_balances.paid_minor,
        invoice_balances.balance_minor,
        -- What was written off was not paid. A deposit may have settled it before the day of issue.
        case
            when invoice_balances.settled_since_on is not null and invoice_balances.written_off_minor = 0
                then greatest(invoice_balances.settled_since_on, billed_invoices.issued_on)
        end as fully_paid_on
    from billed_invoices
    inner join invoice_balances
        on
            billed_invoices.invoice_id = invoice_balances.invoice_id
            and $as_of >= invoice_balances.from_on
            and (invoice_balances.until_on is null or $as_of < invoice_balances.until_on)
    where
        $as_of >= billed_invoices.issued_on
        and (billed_invoices.voided_on is null or $as_of < billed_invoices.voided_on)
        and (invoice_balances.billed_minor > invoice_balances.credited_minor or invoice_balances.credited_minor = 0)
)

select
    invoice_id,
    number,
    client_id,
    client_name,
    currency,
    collection,
    issued_on,
    due_on,
    net_minor,
    written_off_minor,
    paid_minor,
    balance_minor,
    fully_paid_on,
    fully_paid_on - issued_on as days_to_pay,
    coalesce(fully_paid_on, $as_of) - issued_on as days_observed,
    greatest(coalesce(fully_paid_on, $as_of) - due_on, 0) as days_late,
    case
        when fully_paid_on is not null then fully_paid_on <= due_on
        when $as_of > due_on then false
    end as is_on_time
from known
