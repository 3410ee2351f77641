-- Refunds, as the payment provider told of them last; what did not reach the client counts for nothing.
-- grain: refund
-- key: refund_id
select
    refund_id,
    invoice_id,
    currency,
    amount_minor,
    status,
    status not in ('failed', 'canceled') as is_gone,
    effect_key is not null as is_asked_for,
    cast(cast(created_at as timestamptz) at time zone $time_zone as date) as created_on
from raw_refunds
