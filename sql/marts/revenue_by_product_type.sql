-- Revenue by kind of product, from the journal, net of credit notes and voids; and how many lines were billed.
-- grain: month, currency and product type
-- key: month_on, currency, product_type
with revenue as (
    select
        cast(date_trunc('month', posted_on) as date) as month_on,
        currency,
        detail as product_type,
        -sum(amount_minor) as revenue_minor
    from stg_journal
    where account = 'revenue'
    group by all
),

lines as (
    select
        cast(date_trunc('month', stg_invoices.issued_on) as date) as month_on,
        stg_invoices.currency,
        stg_invoice_lines.product_type,
        count(*) as lines
    from stg_invoice_lines
    inner join stg_invoices on stg_invoice_lines.invoice_id = stg_invoices.invoice_id
    group by all
)

select
    revenue.month_on,
    revenue.currency,
    revenue.product_type,
    cast(revenue.revenue_minor as bigint) as revenue_minor,
    coalesce(lines.lines, 0) as lines
from revenue
left join lines
    on
        revenue.month_on = lines.month_on
        and revenue.currency = lines.currency
        and revenue.product_type = lines.product_type
