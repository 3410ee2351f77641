-- How well receivables turn into money, as of a day. DSO: what is owed at the end / credit sales x days. Collection
-- effectiveness (CEI): of what was owed or billed and had fallen due, the share no longer owed. Credit sales are
-- what invoices asked for, net of retainers and credit notes; a studio younger than the span has had fewer days.
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

sales as (
    select
        spans.span,
        spans.starts_on,
        spans.ends_on,
        receivables_daily.currency,
        min(receivables_daily.day_on) as first_on,
        max_by(receivables_daily.balance_minor, receivables_daily.day_on) filter (
            where receivables_daily.day_on < spans.starts_on
        ) as opening_minor,
        arg_max(receivables_daily.balance_minor, receivables_daily.day_on) as closing_minor,
        sum(receivables_daily.sales_minor) filter (
            where receivables_daily.day_on >= spans.starts_on
        ) as sales_minor
    from spans
    inner join receivables_daily on spans.ends_on >= receivables_daily.day_on
    group by all
),

not_due as (
    select
        spans.span,
        billed_invoices.currency,
        sum(invoice_balances.balance_minor) as not_due_minor
    from spans
    inner join invoice_balances
        on
            spans.ends_on >= invoice_balances.from_on
            and (invoice_balances.until_on is null or spans.ends_on < invoice_balances.until_on)
    inner join billed_invoices
        on
            invoice_balances.invoice_id = billed_invoices.invoice_id
            and spans.ends_on <= billed_invoices.due_on
    group by spans.span, billed_invoices.currency
),

issued as (
    select
        spans.span,
        billed_invoices.currency,
        count(*) as invoices
    from spans
    inner join billed_invoices on billed_invoices.issued_on between spans.starts_on and spans.ends_on
    group by spans.span, billed_invoices.currency
),

figures as (
    select
        sales.span,
        sales.currency,
        least(90, sales.ends_on - sales.first_on + 1) as days,
        cast(coalesce(sales.opening_minor, 0) as bigint) as opening_minor,
        cast(coalesce(sales.sales_minor, 0) as bigint) as sales_minor,
        cast(sales.closing_minor as bigint) as closing_minor,
        cast(coalesce(not_due.not_due_minor, 0) as bigint) as closing_not_due_minor,
        coalesce(issued.invoices, 0) as invoices
    from sales
    left join not_due
        on
            sales.span = not_due.span
            and sales.currency = not_due.currency
    left join issued
        on
            sales.span = issued.span
            and sales.currency = issued.currency
)

select
    *,
    case when sales_minor > 0 then closing_minor / sales_minor * days end as dso_days,
    (opening_minor + sales_minor - closing_minor)
    / nullif(opening_minor + sales_minor - closing_not_due_minor, 0) as effectiveness_share
from figures
