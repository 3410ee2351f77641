-- Of the invoices issued in a month: how many, and how much of what was billed, were refunded, disputed, lost in a
-- dispute or written off, as of a day. An inquiry that never became a dispute counts for nothing.
-- grain: month of issue and currency
-- key: cohort_month, currency
with refunded as (
    select
        invoice_id,
        sum(amount_minor) as minor
    from money_back_events
    where kind = 'refund' and happened_on <= $as_of
    group by invoice_id
),

disputed as (
    select
        invoice_id,
        sum(amount_minor) as minor,
        coalesce(sum(amount_minor) filter (where is_lost), 0) as lost_minor
    from money_back_events
    where kind = 'dispute' and happened_on <= $as_of
    group by invoice_id
),

written_off as (
    select
        invoice_id,
        written_off_minor as minor
    from invoice_balances
    where written_off_minor > 0 and from_on <= $as_of and (until_on is null or until_on > $as_of)
),

months as (
    select
        cast(date_trunc('month', billed_invoices.issued_on) as date) as cohort_month,
        billed_invoices.currency,
        count(*) as invoices,
        sum(billed_invoices.amount_due_minor) as billed_minor,
        count(refunded.invoice_id) as refunded_invoices,
        coalesce(sum(refunded.minor), 0) as refunded_minor,
        count(disputed.invoice_id) as disputed_invoices,
        coalesce(sum(disputed.minor), 0) as disputed_minor,
        count(disputed.invoice_id) filter (where disputed.lost_minor > 0) as lost_invoices,
        coalesce(sum(disputed.lost_minor), 0) as lost_minor,
        count(written_off.invoice_id) as written_off_invoices,
        coalesce(sum(written_off.minor), 0) as written_off_minor
    from billed_invoices
    left join refunded on billed_invoices.invoice_id = refunded.invoice_id
    left join disputed on billed_invoices.invoice_id = disputed.invoice_id
    left join written_off on billed_invoices.invoice_id = written_off.invoice_id
    where billed_invoices.issued_on <= $as_of
    group by all
)

select
    cohort_month,
    currency,
    invoices,
    cast(billed_minor as bigint) as billed_minor,
    refunded_invoices,
    cast(refunded_minor as bigint) as refunded_minor,
    disputed_invoices,
    cast(disputed_minor as bigint) as disputed_minor,
    lost_invoices,
    cast(lost_minor as bigint) as lost_minor,
    written_off_invoices,
    cast(written_off_minor as bigint) as written_off_minor,
    refunded_invoices / invoices as refund_rate_by_count,
    refunded_minor / billed_minor as refund_rate_by_value,
    disputed_invoices / invoices as dispute_rate_by_count,
    disputed_minor / billed_minor as dispute_rate_by_value,
    written_off_invoices / invoices as write_off_rate_by_count,
    written_off_minor / billed_minor as write_off_rate_by_value
from months
