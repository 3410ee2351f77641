-- Money taken by autopay was intended first: its invoice has a charge that is older than the money.
select
    payments.payment_id,
    payments.invoice_id,
    payments.captured_at
from payments
left join journal_transactions as posted on 'paid:' || payments.payment_id = posted.transaction_id
where
    payments.method_kind = 'autopay'
    and not exists (
        select 1
        from effects
        where
            effects.kind = 'charge'
            and effects.subject_id = payments.invoice_id
            and effects.intended_seq < posted.ledger_seq
    )
