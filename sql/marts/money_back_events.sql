-- What clients or their banks took back: refunds that reached them, and disputes that took money; never a mere inquiry.
-- grain: refund or dispute
-- key: event_id
select
    refund_id as event_id,
    'refund' as kind,
    invoice_id,
    currency,
    amount_minor,
    false as is_lost,
    created_on as happened_on
from stg_refunds
where is_gone
union all
select
    dispute_id as event_id,
    'dispute' as kind,
    invoice_id,
    currency,
    amount_minor,
    status = 'lost' as is_lost,
    opened_on as happened_on
from stg_disputes
where status not in ('inquiry', 'inquiry_closed')
