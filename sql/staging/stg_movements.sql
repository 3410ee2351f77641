-- Changes of the payment provider's balance that the books know; what arrives is positive.
-- grain: movement
-- key: movement_id
select
    movement_id,
    kind,
    currency,
    amount_minor,
    fee_minor,
    amount_minor - fee_minor as net_minor,
    cast(cast(occurred_at as timestamptz) at time zone $time_zone as date) as occurred_on
from raw_movements
