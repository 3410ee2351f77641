-- Every invoice's total is its lines, less discounts, plus exclusive taxes; its lines add up to its subtotal.
with line_sums as (
    select
        invoice_id,
        sum(amount_minor) as lines_minor
    from invoice_lines
    group by invoice_id
)

select
    invoices.number,
    invoices.total_minor,
    invoices.subtotal_minor,
    coalesce(line_sums.lines_minor, 0) as lines_minor
from invoices
left join line_sums on invoices.invoice_id = line_sums.invoice_id
where
    invoices.subtotal_minor <> coalesce(line_sums.lines_minor, 0)
    or invoices.total_minor
    <> invoices.subtotal_minor
    - invoices.pre_tax_discount_minor
    + invoices.exclusive_tax_minor
    - invoices.after_tax_discount_minor
