-- The groups of invoices, by their day of issue, that are compared with one another.
-- grain: currency and cohort
-- key: currency, cohort
with issued as (
    select
        currency,
        cast(date_trunc('month', issued_on) as date) as month_on,
        min(issued_on) as first_issued_on
    from billed_invoices
    where $as_of >= issued_on
    group by currency, month_on
)

select
    currency,
    strftime(month_on, '%Y-%m') as cohort,
    'month' as kind,
    month_on as starts_on,
    last_day(month_on) as ends_on
from issued
union all
select distinct
    issued.currency,
    spans.cohort,
    'span' as kind,
    $as_of - spans.first_days_ago as starts_on,
    $as_of - spans.last_days_ago as ends_on
from issued
cross join (
    values
    ('last 90 days', 89, 0),
    ('previous 90 days', 179, 90),
    ('last 365 days', 364, 0)
) as spans (cohort, first_days_ago, last_days_ago)
union all
-- The last 90 days, and the same span week by week back: a trend whose last point is the figure itself.
select
    issued.currency,
    strftime($as_of - cast(weeks.ago * 7 as int), 'until %Y-%m-%d') as cohort,
    'rolling' as kind,
    $as_of - cast(weeks.ago * 7 as int) - 89 as starts_on,
    $as_of - cast(weeks.ago * 7 as int) as ends_on
from issued
cross join range(0, 26) as weeks (ago)
group by issued.currency, weeks.ago
having $as_of - cast(weeks.ago * 7 as int) >= min(issued.first_issued_on)
union all
select
    currency,
    'all' as cohort,
    'all' as kind,
    min(first_issued_on) as starts_on,
    $as_of as ends_on
from issued
group by currency
