-- Lines of invoices: what kind of product, and its amount before and after the discount.
-- grain: line of an invoice
-- key: invoice_id, position
select
    invoice_id,
    position,
    product_type,
    amount_minor,
    amount_minor - discount_minor as discounted_minor
from raw_invoice_lines
