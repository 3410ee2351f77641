-- What is still owed, as of a day: each open invoice, how late it is and when the client was last reminded.
-- grain: open invoice
-- key: invoice_id
with reminded as (
    select
        invoice_id,
        count(*) as reminders,
        max(sent_on) as last_reminded_on,
        arg_max(stage, sent_on) as last_stage
    from reminders_sent
    where $as_of >= sent_on
    group by invoice_id
)

select
    days_to_pay.invoice_id,
    days_to_pay.number,
    days_to_pay.client_id,
    days_to_pay.client_name,
    days_to_pay.currency,
    days_to_pay.collection,
    days_to_pay.issued_on,
    days_to_pay.due_on,
    days_to_pay.net_minor,
    days_to_pay.paid_minor,
    days_to_pay.balance_minor,
    $as_of - days_to_pay.due_on as days_past_due,
    case
        when days_past_due <= 0 then 'current'
        when days_past_due <= 30 then '1-30'
        when days_past_due <= 60 then '31-60'
        when days_past_due <= 90 then '61-90'
        else '91+'
    end as bucket,
    coalesce(reminded.reminders, 0) as reminders,
    reminded.last_reminded_on,
    reminded.last_stage
from days_to_pay
left join reminded on days_to_pay.invoice_id = reminded.invoice_id
where days_to_pay.balance_minor > 0
