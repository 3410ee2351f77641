-- What is allocated of a payment is never more than the payment.
select
    payments.payment_id,
    payments.amount_minor,
    sum(allocations.amount_minor) as allocated_minor
from payments
inner join allocations on payments.payment_id = allocations.payment_id
group by payments.payment_id, payments.amount_minor
having sum(allocations.amount_minor) > payments.amount_minor
