-- Which payment paid which invoice, when and by what way.
-- grain: payment and invoice
-- key: payment_id, invoice_id
select
    stg_allocations.payment_id,
    stg_allocations.invoice_id,
    stg_payments.received_on,
    stg_payments.captured_at,
    stg_payments.method_kind,
    stg_allocations.amount_minor
from stg_allocations
inner join stg_payments on stg_allocations.payment_id = stg_payments.payment_id
