-- Finalized invoices with their dates and amounts, and the day on which one was made void.
-- grain: invoice
-- key: invoice_id
select
    raw_invoices.invoice_id,
    raw_invoices.number,
    raw_invoices.session_id,
    raw_invoices.part,
    raw_invoices.revision,
    raw_invoices.client_id,
    raw_invoices.client_name,
    raw_invoices.currency,
    raw_invoices.collection,
    raw_invoices.total_minor,
    raw_invoices.deductions_minor,
    raw_invoices.amount_due_minor,
    cast(raw_invoices.issued_on as date) as issued_on,
    cast(raw_invoices.due_on as date) as due_on,
    cast(raw_invoices.session_on as date) as session_on,
    cast(raw_invoices.trigger_observed_at as timestamptz) as trigger_observed_at,
    cast(raw_invoices.priced_at as timestamptz) as priced_at,
    cast(raw_invoices.finalized_at as timestamptz) as finalized_at,
    cast(cast(raw_invoice_voids.voided_at as timestamptz) at time zone $time_zone as date) as voided_on
from raw_invoices
left join raw_invoice_voids on raw_invoices.invoice_id = raw_invoice_voids.invoice_id
