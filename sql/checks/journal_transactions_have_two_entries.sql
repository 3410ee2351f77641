-- Every journal transaction has at least two entries.
select
    journal_transactions.transaction_id,
    count(journal_entries.transaction_id) as entries
from journal_transactions
left join journal_entries on journal_transactions.transaction_id = journal_entries.transaction_id
group by journal_transactions.transaction_id
having count(journal_entries.transaction_id) < 2
