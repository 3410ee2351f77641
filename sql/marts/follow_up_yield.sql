-- What reminders bring: of those sent in the last 365 days, the share whose invoice was fully paid within 7 days.
-- As of a day; a reminder that has not had its 7 days yet is left out, and so is one for an invoice made void.
-- grain: currency and dunning stage
-- key: currency, stage
select
    days_to_pay.currency,
    reminders_sent.stage,
    count(*) as reminders,
    count(*) filter (
        where days_to_pay.fully_paid_on between reminders_sent.sent_on and reminders_sent.sent_on + 7
    ) as paid_in_time,
    paid_in_time / reminders as yield_share,
    median(reminders_sent.sent_on - days_to_pay.due_on) as median_days_past_due
from reminders_sent
inner join days_to_pay on reminders_sent.invoice_id = days_to_pay.invoice_id
where $as_of >= reminders_sent.sent_on + 7 and $as_of - 365 < reminders_sent.sent_on
group by days_to_pay.currency, reminders_sent.stage
