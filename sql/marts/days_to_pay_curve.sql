-- The share of invoices still unpaid so many days after issue (Kaplan-Meier: an open invoice counts for as long as it
-- has been watched, so slow payers are not left out), as of a day.
-- grain: currency, cohort and day after issue on which an invoice was paid or last seen open
-- key: currency, cohort, day
with leaving as (
    select
        cohorts.currency,
        cohorts.cohort,
        days_to_pay.days_observed as day,
        count(*) as leaving,
        count(days_to_pay.fully_paid_on) as paid
    from cohorts
    inner join days_to_pay
        on
            cohorts.currency = days_to_pay.currency
            and days_to_pay.issued_on between cohorts.starts_on and cohorts.ends_on
    group by cohorts.currency, cohorts.cohort, days_to_pay.days_observed
),

at_risk as (
    select
        *,
        cast(sum(leaving) over (partition by currency, cohort order by day desc) as bigint) as at_risk
    from leaving
)

select
    currency,
    cohort,
    day,
    at_risk,
    paid,
    product(1 - paid / at_risk) over (partition by currency, cohort order by day) as open_share
from at_risk
