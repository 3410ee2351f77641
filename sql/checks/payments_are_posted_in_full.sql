-- Every payment is in the journal once: its allocation against the receivable, the rest as the client's credit.
with posted as (
    select
        journal_entries.transaction_id,
        sum(case when journal_entries.account = 'receivable' then -journal_entries.amount_minor else 0 end)
            as allocated_minor,
        sum(case when journal_entries.account = 'client_credit' then -journal_entries.amount_minor else 0 end)
            as credit_minor
    from journal_entries
    inner join journal_transactions on journal_entries.transaction_id = journal_transactions.transaction_id
    where journal_transactions.kind = 'payment_received'
    group by journal_entries.transaction_id
),

allocated as (
    select
        payment_id,
        sum(amount_minor) as amount_minor
    from allocations
    group by payment_id
)

select
    payments.payment_id,
    payments.amount_minor,
    coalesce(allocated.amount_minor, 0) as allocated_minor,
    coalesce(posted.allocated_minor, 0) as posted_minor,
    coalesce(posted.credit_minor, 0) as credit_minor
from payments
left join allocated on payments.payment_id = allocated.payment_id
left join posted on 'paid:' || payments.payment_id = posted.transaction_id
where
    posted.transaction_id is null
    or posted.allocated_minor <> coalesce(allocated.amount_minor, 0)
    or posted.allocated_minor + posted.credit_minor <> payments.amount_minor
