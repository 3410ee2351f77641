-- Autopay: charges succeeded of those attempted; and of the invoices whose first charge failed, how many are paid
-- since, by the way of the payment that settled them. As of a day; an invoice made void needs no recovery and is left
-- out.
-- grain: currency and span
-- key: currency, span
with spans (span, starts_on, ends_on) as (
    select
        'last 90 days' as span,
        $as_of - 89 as starts_on,
        $as_of as ends_on
    union all
    select
        'previous 90 days' as span,
        $as_of - 179 as starts_on,
        $as_of - 90 as ends_on
),

first_charges as (
    select *
    from autopay_charges
    where $as_of >= charged_on
    qualify row_number() over (partition by invoice_id order by charged_at, effect_id) = 1
),

ways as (
    select
        invoice_id,
        arg_max(method_kind, captured_at) as paid_by
    from invoice_payments
    where $as_of >= received_on
    group by invoice_id
),

failures as (
    select
        spans.span,
        first_charges.currency,
        days_to_pay.fully_paid_on is not null as is_recovered,
        ways.paid_by
    from spans
    inner join first_charges on first_charges.charged_on between spans.starts_on and spans.ends_on
    inner join days_to_pay on first_charges.invoice_id = days_to_pay.invoice_id
    left join ways on first_charges.invoice_id = ways.invoice_id
    where not first_charges.is_success
),

recovered as (
    select
        span,
        currency,
        count(*) as failed_invoices,
        count(*) filter (where is_recovered) as recovered_invoices,
        count(*) filter (where is_recovered and paid_by = 'autopay') as recovered_by_card,
        count(*) filter (where is_recovered and paid_by = 'link') as recovered_by_link,
        count(*) filter (where is_recovered and paid_by = 'elsewhere') as recovered_elsewhere
    from failures
    group by span, currency
),

attempts as (
    select
        spans.span,
        autopay_charges.currency,
        count(*) as attempted,
        count(*) filter (where autopay_charges.is_success) as succeeded
    from spans
    inner join autopay_charges on autopay_charges.charged_on between spans.starts_on and spans.ends_on
    group by spans.span, autopay_charges.currency
)

select
    attempts.span,
    attempts.currency,
    attempts.attempted,
    attempts.succeeded,
    attempts.succeeded / attempts.attempted as success_share,
    coalesce(recovered.failed_invoices, 0) as failed_invoices,
    coalesce(recovered.recovered_invoices, 0) as recovered_invoices,
    coalesce(recovered.recovered_by_card, 0) as recovered_by_card,
    coalesce(recovered.recovered_by_link, 0) as recovered_by_link,
    coalesce(recovered.recovered_elsewhere, 0) as recovered_elsewhere,
    recovered.recovered_invoices / recovered.failed_invoices as recovery_share
from attempts
left join recovered
    on
        attempts.span = recovered.span
        and attempts.currency = recovered.currency
