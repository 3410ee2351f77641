-- What was refunded of a payment is never more than the payment.
select
    payments.payment_id,
    payments.amount_minor,
    sum(refunds.amount_minor) as refunded_minor
from payments
inner join refunds
    on
        payments.provider = refunds.provider
        and payments.provider_object_id = refunds.provider_payment_id
where refunds.status not in ('failed', 'canceled')
group by payments.payment_id, payments.amount_minor
having sum(refunds.amount_minor) > payments.amount_minor
