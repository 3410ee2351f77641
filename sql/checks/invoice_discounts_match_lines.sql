-- Every invoice's discount before tax is shared out over its lines to the last unit.
select
    invoices.number,
    invoices.pre_tax_discount_minor,
    coalesce(sum(invoice_lines.discount_minor), 0) as shared_minor
from invoices
left join invoice_lines on invoices.invoice_id = invoice_lines.invoice_id
group by invoices.invoice_id, invoices.number, invoices.pre_tax_discount_minor
having coalesce(sum(invoice_lines.discount_minor), 0) <> invoices.pre_tax_discount_minor
