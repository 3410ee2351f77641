-- No reminder was decided on for an invoice on which nothing was owed.
select
    effects.effect_id,
    effects.subject_id as invoice_id,
    effects.purpose,
    effects.created_at
from effects
where
    effects.kind = 'mail'
    and effects.purpose like 'reminder:%'
    and effects.state <> 'cancelled'
    and (
        select coalesce(sum(journal_entries.amount_minor), 0)
        from journal_entries
        inner join journal_transactions on journal_entries.transaction_id = journal_transactions.transaction_id
        where
            journal_entries.account = 'receivable'
            and journal_entries.detail = effects.subject_id
            and journal_transactions.ledger_seq < effects.intended_seq
    ) <= 0
