-- Nothing is owed on a void invoice.
select
    invoices.number,
    sum(journal_entries.amount_minor) as balance_minor
from invoice_voids
inner join invoices on invoice_voids.invoice_id = invoices.invoice_id
inner join journal_entries
    on
        invoices.invoice_id = journal_entries.detail
        and journal_entries.account = 'receivable'
group by invoices.invoice_id, invoices.number
having sum(journal_entries.amount_minor) <> 0
