-- Of the invoices issued in a month: the share fully paid within 7, 30, 60 days of issue and to date, as of a day.
-- Net of credit notes; refunds and lost disputes take it back. Null means "not yet": the month's last invoice has not
-- had so many days.
-- grain: month of issue, currency and window
-- key: cohort_month, currency, window_name
with windows (window_name, window_days) as (
    values ('7 days', 7), ('30 days', 30), ('60 days', 60), ('to date', null)
),

months as (
    select
        cast(date_trunc('month', days_to_pay.issued_on) as date) as cohort_month,
        days_to_pay.currency,
        windows.window_name,
        windows.window_days,
        count(*) as invoices,
        sum(days_to_pay.net_minor) as net_minor,
        count(*) filter (
            where days_to_pay.days_to_pay <= coalesce(windows.window_days, days_to_pay.days_to_pay)
        ) as paid_invoices,
        coalesce(sum(days_to_pay.net_minor) filter (
            where days_to_pay.days_to_pay <= coalesce(windows.window_days, days_to_pay.days_to_pay)
        ), 0) as paid_minor
    from days_to_pay
    cross join windows
    group by all
)

select
    cohort_month,
    currency,
    window_name,
    window_days,
    invoices,
    cast(net_minor as bigint) as net_minor,
    coalesce(last_day(cohort_month) + window_days > $as_of, false) as is_too_young,
    case when not is_too_young then paid_invoices end as paid_invoices,
    case when not is_too_young then cast(paid_minor as bigint) end as paid_minor,
    case when not is_too_young then paid_invoices / invoices end as share_by_count,
    case when not is_too_young then paid_minor / nullif(net_minor, 0) end as share_by_value
from months
