-- An invoice, what pays it and its postings are in one currency; other money is the client's credit and pays nothing.
select
    invoices.number,
    invoices.currency,
    journal_entries.currency as other_currency,
    journal_entries.transaction_id as found_in
from invoices
inner join journal_entries
    on
        invoices.invoice_id = journal_entries.detail
        and journal_entries.account = 'receivable'
where invoices.currency <> journal_entries.currency
union all
select
    invoices.number,
    invoices.currency,
    payments.currency as other_currency,
    payments.payment_id as found_in
from invoices
inner join allocations on invoices.invoice_id = allocations.invoice_id
inner join payments on allocations.payment_id = payments.payment_id
where invoices.currency <> payments.currency
