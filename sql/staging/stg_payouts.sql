-- Payouts to the studio's bank, as the payment provider told of them last.
-- grain: payout
-- key: payout_id
select
    payout_id,
    currency,
    amount_minor,
    status,
    cast(arrives_on as date) as arrives_on,
    cast(cast(created_at as timestamptz) at time zone $time_zone as date) as created_on
from raw_payouts
