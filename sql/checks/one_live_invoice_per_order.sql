-- An order has at most one invoice that is not void, whatever session it was billed in.
select
    sessions.source,
    invoices.part,
    count(*) as live_invoices,
    min(invoices.number) as first_number,
    max(invoices.number) as last_number
from invoices
inner join sessions on invoices.session_id = sessions.session_id
left join invoice_voids on invoices.invoice_id = invoice_voids.invoice_id
where invoice_voids.invoice_id is null
group by sessions.source, invoices.part
having count(*) > 1
