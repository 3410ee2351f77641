-- Invoice processing time of the sessions noticed in a period, as of a day. An invoice that is not sent counts against
-- the promise once the promise has run out.
-- grain: period (weeks from Monday, two spans of 30 days to compare, and the newer of them week by week back)
-- key: period, starts_on
with spans (period, starts_on, ends_on) as (
    select
        'last 30 days' as period,
        $as_of - 29 as starts_on,
        $as_of as ends_on
    union all
    select
        'previous 30 days' as period,
        $as_of - 59 as starts_on,
        $as_of - 30 as ends_on
    union all
    select
        'rolling 30 days' as period,
        $as_of - cast(weeks.ago * 7 as int) - 29 as starts_on,
        $as_of - cast(weeks.ago * 7 as int) as ends_on
    from range(0, 26) as weeks (ago)
    union all
    select distinct
        'week' as period,
        cast(date_trunc('week', observed_on) as date) as starts_on,
        cast(date_trunc('week', observed_on) as date) + 6 as ends_on
    from invoice_processing_time
    where $as_of >= observed_on
),

known as (
    select
        spans.period,
        spans.starts_on,
        spans.ends_on,
        facts.collection,
        facts.session_on,
        case when $as_of >= facts.sent_on then facts.sent_on end as sent_on,
        case when $as_of >= facts.sent_on then facts.pricing_seconds end as pricing_seconds,
        case when $as_of >= facts.sent_on then facts.rendering_seconds end as rendering_seconds,
        case when $as_of >= facts.sent_on then facts.sending_seconds end as sending_seconds,
        case when $as_of >= facts.sent_on then facts.total_seconds end as total_seconds,
        case when $as_of >= facts.sent_on then facts.days_after_session end as days_after_session,
        case
            when $as_of >= facts.sent_on then cast(facts.is_within_promise as int)
            when $as_of - facts.observed_on > facts.promise_seconds / 86400 then 0
        end as is_within_promise
    from spans
    inner join invoice_processing_time as facts
        on facts.observed_on between spans.starts_on and spans.ends_on
    where $as_of >= facts.observed_on
)

select
    period,
    starts_on,
    ends_on,
    count(*) as invoices,
    count(sent_on) as sent_invoices,
    quantile_cont(total_seconds, 0.5) as p50_seconds,
    quantile_cont(total_seconds, 0.9) as p90_seconds,
    avg(is_within_promise) as within_promise_share,
    quantile_cont(pricing_seconds, 0.5) as pricing_p50_seconds,
    quantile_cont(rendering_seconds, 0.5) as rendering_p50_seconds,
    quantile_cont(sending_seconds, 0.5) as sending_p50_seconds,
    median(days_after_session) as median_days_after_session
from known
group by period, starts_on, ends_on
