-- What was owed at the end of each of the last twelve months, by days past due, and what is owed on the day itself.
-- grain: currency, day and bucket in which something was owed
-- key: currency, day_on, bucket
with days as (
    select last_day($as_of - to_months(cast(ranges.months_ago as int))) as day_on
    from range(1, 12) as ranges (months_ago)
    union all
    select $as_of as day_on
),

open_invoices as (
    select
        days.day_on,
        billed_invoices.currency,
        invoice_balances.balance_minor,
        days.day_on - billed_invoices.due_on as days_past_due
    from days
    inner join invoice_balances
        on
            days.day_on >= invoice_balances.from_on
            and (invoice_balances.until_on is null or days.day_on < invoice_balances.until_on)
    inner join billed_invoices
        on
            invoice_balances.invoice_id = billed_invoices.invoice_id
            and days.day_on >= billed_invoices.issued_on
    where invoice_balances.balance_minor > 0
)

select
    currency,
    day_on,
    case
        when days_past_due <= 0 then 'current'
        when days_past_due <= 30 then '1-30'
        when days_past_due <= 60 then '31-60'
        when days_past_due <= 90 then '61-90'
        else '91+'
    end as bucket,
    count(*) as invoices,
    cast(sum(balance_minor) as bigint) as amount_minor
from open_invoices
group by currency, day_on, bucket
