-- Of every dispute that was lost, nothing is held apart any more: what the bank took is owed again.
select
    disputes.dispute_id,
    disputes.invoice_id,
    sum(journal_entries.amount_minor) as held_minor
from disputes
inner join journal_entries
    on
        disputes.dispute_id = journal_entries.detail
        and journal_entries.account = 'disputed'
where disputes.status = 'lost'
group by disputes.dispute_id, disputes.invoice_id
having sum(journal_entries.amount_minor) <> 0
