-- Disputes and inquiries, as the payment provider told of them last.
-- grain: dispute
-- key: dispute_id
select
    dispute_id,
    invoice_id,
    currency,
    amount_minor,
    status,
    reason,
    status in ('inquiry', 'open') as is_open,
    cast(cast(opened_at as timestamptz) at time zone $time_zone as date) as opened_on,
    cast(cast(evidence_due_at as timestamptz) at time zone $time_zone as date) as evidence_due_on
from raw_disputes
