-- Of the invoices issued in a span of 30 days: the share fully paid within 7, 30, 60 days of issue. The newest span
-- ends as many days ago as the window has, so each of its invoices has had them; then the same week by week back,
-- and the span of 30 days before.
-- grain: currency, window and days between the newest span's end and this span's
-- key: currency, window_days, days_ago
with windows (window_name, window_days) as (
    values ('7 days', 7), ('30 days', 30), ('60 days', 60)
),

weeks as (
    select cast(range as int) as days_ago from range(0, 26 * 7, 7)
    union all
    select 30 as days_ago
),

spans as (
    select
        windows.window_name,
        windows.window_days,
        weeks.days_ago,
        $as_of - windows.window_days - weeks.days_ago - 29 as starts_on,
        $as_of - windows.window_days - weeks.days_ago as ends_on
    from windows
    cross join weeks
)

select
    days_to_pay.currency,
    spans.window_name,
    spans.window_days,
    spans.days_ago,
    spans.starts_on,
    spans.ends_on,
    count(*) as invoices,
    avg(cast(coalesce(days_to_pay.days_to_pay <= spans.window_days, false) as int)) as share_by_count,
    sum(case when days_to_pay.days_to_pay <= spans.window_days then days_to_pay.net_minor else 0 end)
    / nullif(sum(days_to_pay.net_minor), 0) as share_by_value
from spans
inner join days_to_pay
    on days_to_pay.issued_on between spans.starts_on and spans.ends_on
group by all
