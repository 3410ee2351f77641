-- What is owed is what was asked for less what was captured and neither refunded nor lost; any more is client credit.
with posted as (
    select
        invoices.invoice_id,
        sum(case when journal_entries.account = 'receivable' then journal_entries.amount_minor else 0 end)
            as receivable_minor,
        sum(case when journal_entries.account = 'client_credit' then -journal_entries.amount_minor else 0 end)
            as credit_minor,
        sum(
            case
                when
                    journal_entries.account = 'receivable'
                    and journal_transactions.kind in ('invoice_credited', 'credit_undone', 'written_off')
                    then -journal_entries.amount_minor
                else 0
            end
        ) as given_up_minor
    from invoices
    inner join journal_transactions on invoices.invoice_id = journal_transactions.subject_id
    inner join journal_entries
        on
            journal_transactions.transaction_id = journal_entries.transaction_id
            and invoices.currency = journal_entries.currency
    group by invoices.invoice_id
),

captured as (
    select
        payments.invoice_id,
        sum(payments.amount_minor) as minor
    from payments
    inner join invoices on payments.invoice_id = invoices.invoice_id and payments.currency = invoices.currency
    group by payments.invoice_id
),

gone as (
    select
        movements.invoice_id,
        -sum(movements.amount_minor) as minor
    from movements
    inner join invoices on movements.invoice_id = invoices.invoice_id and movements.currency = invoices.currency
    left join disputes on movements.source_id = disputes.dispute_id
    where
        movements.transaction_id is not null
        and (
            movements.kind in ('refund', 'refund_returned')
            or (movements.kind in ('dispute', 'dispute_returned') and disputes.status = 'lost')
        )
    group by movements.invoice_id
)

select
    invoices.number,
    posted.receivable_minor,
    posted.credit_minor,
    posted.given_up_minor,
    coalesce(captured.minor, 0) as captured_minor,
    coalesce(gone.minor, 0) as gone_minor
from invoices
inner join posted on invoices.invoice_id = posted.invoice_id
left join captured on invoices.invoice_id = captured.invoice_id
left join gone on invoices.invoice_id = gone.invoice_id
left join invoice_voids on invoices.invoice_id = invoice_voids.invoice_id
where
    posted.receivable_minor - posted.credit_minor
    <> case
        when invoice_voids.invoice_id is null then invoices.amount_due_minor - posted.given_up_minor
        else -invoices.deductions_minor
    end
    - coalesce(captured.minor, 0)
    + coalesce(gone.minor, 0)
