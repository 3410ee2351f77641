-- How much was owed at the end of each day on which it changed, and what changed it.
-- grain: currency and day
-- key: currency, day_on
with changes as (
    select
        currency,
        from_on as day_on,
        billed_minor - credited_minor
        - coalesce(lag(billed_minor - credited_minor) over invoice_days, 0) as sales_minor,
        paid_minor - coalesce(lag(paid_minor) over invoice_days, 0) as paid_minor,
        balance_minor - coalesce(lag(balance_minor) over invoice_days, 0) as change_minor
    from invoice_balances
    window invoice_days as (partition by invoice_id order by from_on)
),

days as (
    select
        currency,
        day_on,
        sum(sales_minor) as sales_minor,
        sum(paid_minor) as paid_minor,
        sum(change_minor) as change_minor
    from changes
    group by currency, day_on
)

select
    currency,
    day_on,
    cast(sales_minor as bigint) as sales_minor,
    cast(paid_minor as bigint) as paid_minor,
    cast(sum(change_minor) over (partition by currency order by day_on) as bigint) as balance_minor
from days
