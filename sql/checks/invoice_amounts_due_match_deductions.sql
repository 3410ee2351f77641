-- Every invoice asks for its total less the deductions that it lists.
select
    invoices.number,
    invoices.total_minor,
    invoices.deductions_minor,
    invoices.amount_due_minor,
    coalesce(sum(invoice_deductions.amount_minor), 0) as listed_minor
from invoices
left join invoice_deductions on invoices.invoice_id = invoice_deductions.invoice_id
group by
    invoices.invoice_id,
    invoices.number,
    invoices.total_minor,
    invoices.deductions_minor,
    invoices.amount_due_minor
having
    coalesce(sum(invoice_deductions.amount_minor), 0) <> invoices.deductions_minor
    or invoices.total_minor - invoices.deductions_minor <> invoices.amount_due_minor
