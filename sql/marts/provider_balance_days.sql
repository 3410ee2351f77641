-- What lay on the payment provider's balance at the end of each day on which it changed.
-- grain: currency and day
-- key: currency, day_on
with days as (
    select
        currency,
        posted_on as day_on,
        sum(amount_minor) as moved_minor
    from stg_journal
    where account = 'stripe_clearing'
    group by currency, posted_on
)

select
    currency,
    day_on,
    cast(sum(moved_minor) over (partition by currency order by day_on) as bigint) as balance_minor
from days
