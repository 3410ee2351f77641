-- Every invoice's exclusive taxes add up to its tax, and its inclusive ones to what its lines contain.
with taxes as (
    select
        invoice_id,
        sum(case when inclusive = 0 then amount_minor else 0 end) as exclusive_minor,
        sum(case when inclusive = 0 then 0 else amount_minor end) as inclusive_minor
    from invoice_taxes
    group by invoice_id
),

contained as (
    select
        invoice_id,
        sum(included_tax_minor) as included_minor
    from invoice_lines
    group by invoice_id
)

select
    invoices.number,
    invoices.exclusive_tax_minor,
    coalesce(taxes.exclusive_minor, 0) as exclusive_taxes_minor,
    coalesce(taxes.inclusive_minor, 0) as inclusive_taxes_minor,
    coalesce(contained.included_minor, 0) as contained_minor
from invoices
left join taxes on invoices.invoice_id = taxes.invoice_id
left join contained on invoices.invoice_id = contained.invoice_id
where
    invoices.exclusive_tax_minor <> coalesce(taxes.exclusive_minor, 0)
    or coalesce(taxes.inclusive_minor, 0) <> coalesce(contained.included_minor, 0)
