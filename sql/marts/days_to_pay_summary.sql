-- Days from issue to fully paid, by cohort, as of a day: of the paid invoices, and with open ones counted (km_median).
-- km_median is null while fewer than half are paid; on_time_share is of the invoices that are paid or past due.
-- grain: currency and cohort
-- key: currency, cohort
with medians as (
    select
        currency,
        cohort,
        -- The tolerance is for products such as 3/4 x 2/3 that miss one half by a rounding of the machine.
        min(case when open_share <= 0.5 + 1e-12 then day end) as km_median
    from days_to_pay_curve
    group by currency, cohort
)

select
    cohorts.currency,
    cohorts.cohort,
    cohorts.kind,
    cohorts.starts_on,
    cohorts.ends_on,
    medians.km_median,
    count(days_to_pay.invoice_id) as invoices,
    count(days_to_pay.fully_paid_on) as paid_invoices,
    median(days_to_pay.days_to_pay) as median_days,
    avg(days_to_pay.days_to_pay) as mean_days,
    sum(days_to_pay.days_to_pay * days_to_pay.net_minor)
    / nullif(sum(case when days_to_pay.fully_paid_on is not null then days_to_pay.net_minor end), 0)
        as weighted_mean_days,
    avg(days_to_pay.days_late) as mean_days_late,
    avg(cast(days_to_pay.is_on_time as int)) as on_time_share,
    count(days_to_pay.is_on_time) as on_time_of
from cohorts
inner join days_to_pay
    on
        cohorts.currency = days_to_pay.currency
        and days_to_pay.issued_on between cohorts.starts_on and cohorts.ends_on
left join medians
    on
        cohorts.currency = medians.currency
        and cohorts.cohort = medians.cohort
group by all
