-- Entries of the journal with the day and kind of their transaction; debit positive, credit negative.
-- grain: journal entry
-- key: transaction_id, position
select
    raw_journal_entries.transaction_id,
    raw_journal_entries.position,
    raw_journal_transactions.seq,
    raw_journal_transactions.kind,
    raw_journal_transactions.subject_id,
    raw_journal_entries.account,
    raw_journal_entries.detail,
    raw_journal_entries.currency,
    raw_journal_entries.amount_minor,
    cast(raw_journal_transactions.posted_on as date) as posted_on
from raw_journal_entries
inner join raw_journal_transactions
    on raw_journal_entries.transaction_id = raw_journal_transactions.transaction_id
