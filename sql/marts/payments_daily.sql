-- Money received by day and by the way it came, with the provider's fees and what no invoice has used of it.
-- grain: day, currency and way of paying
-- key: received_on, currency, method_kind
with allocated as (
    select
        payment_id,
        sum(amount_minor) as amount_minor
    from stg_allocations
    group by payment_id
)

select
    stg_payments.received_on,
    stg_payments.currency,
    stg_payments.method_kind,
    count(*) as payments,
    cast(sum(stg_payments.amount_minor) as bigint) as amount_minor,
    cast(sum(stg_payments.fee_minor) as bigint) as fee_minor,
    cast(sum(stg_payments.amount_minor - coalesce(allocated.amount_minor, 0)) as bigint) as unallocated_minor
from stg_payments
left join allocated on stg_payments.payment_id = allocated.payment_id
group by stg_payments.received_on, stg_payments.currency, stg_payments.method_kind
