-- A part of a session has at most one invoice that is not void.
select
    invoices.session_id,
    invoices.part,
    count(*) as live_invoices,
    min(invoices.number) as first_number,
    max(invoices.number) as last_number
from invoices
left join invoice_voids on invoices.invoice_id = invoice_voids.invoice_id
where invoice_voids.invoice_id is null
group by invoices.session_id, invoices.part
having count(*) > 1
