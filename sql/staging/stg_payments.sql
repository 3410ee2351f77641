-- Money received, with its fee and the way it came.
-- grain: payment
-- key: payment_id
select
    payment_id,
    provider,
    kind,
    invoice_id,
    currency,
    amount_minor,
    fee_minor,
    method_kind,
    method_label,
    cast(captured_at as timestamptz) as captured_at,
    cast(received_on as date) as received_on
from raw_payments
