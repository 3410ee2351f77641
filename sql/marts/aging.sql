-- What is owed by days past due, as of a day, and beside it the credit of clients that no invoice has used yet.
-- grain: currency and bucket
-- key: currency, bucket
with buckets (position, bucket) as (
    values (1, 'current'), (2, '1-30'), (3, '31-60'), (4, '61-90'), (5, '91+')
),

currencies as (
    select distinct currency from billed_invoices
    where $as_of >= issued_on
)

select
    currencies.currency,
    buckets.position,
    buckets.bucket,
    count(receivables.invoice_id) as invoices,
    cast(coalesce(sum(receivables.balance_minor), 0) as bigint) as amount_minor
from currencies
cross join buckets
left join receivables
    on
        currencies.currency = receivables.currency
        and buckets.bucket = receivables.bucket
group by all
union all
select
    currency,
    6 as position,
    'unapplied credit' as bucket,
    0 as invoices,
    cast(sum(change_minor) as bigint) as amount_minor
from client_credit_days
where $as_of >= posted_on
group by currency
having sum(change_minor) <> 0
