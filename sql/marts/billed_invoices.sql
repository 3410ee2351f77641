-- Every finalized invoice: who owes it, since when, until when, and how it is collected.
-- grain: invoice
-- key: invoice_id
select
    invoice_id,
    number,
    session_id,
    client_id,
    client_name,
    currency,
    collection,
    issued_on,
    due_on,
    amount_due_minor,
    voided_on
from stg_invoices
