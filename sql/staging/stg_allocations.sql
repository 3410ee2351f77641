-- Which part of a payment pays which invoice.
-- grain: payment and invoice
-- key: payment_id, invoice_id
select
    payment_id,
    invoice_id,
    amount_minor
from raw_allocations
