-- Where galleries open on full payment, each was opened by the pipeline only once nothing was owed.
select
    grants.grant_id,
    grants.invoice_id,
    grants.granted_at
from grants
inner join domain_events on 'granted:' || grants.grant_id = domain_events.event_id
where
    cast(:gallery_policy as text) = 'paid_in_full'
    and domain_events.actor = 'pipeline'
    and (
        select coalesce(sum(journal_entries.amount_minor), 0)
        from journal_entries
        inner join journal_transactions on journal_entries.transaction_id = journal_transactions.transaction_id
        where
            journal_entries.account = 'receivable'
            and journal_entries.detail = grants.invoice_id
            and journal_transactions.ledger_seq < grants.granted_seq
    ) > 0
