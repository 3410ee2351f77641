-- Every invoice is in the journal once, with its total as receivable in its own currency.
with issued as (
    select
        journal_transactions.subject_id as invoice_id,
        journal_entries.currency,
        count(*) as postings,
        sum(journal_entries.amount_minor) as posted_minor
    from journal_transactions
    inner join journal_entries on journal_transactions.transaction_id = journal_entries.transaction_id
    where
        journal_transactions.kind = 'invoice_issued'
        and journal_entries.account = 'receivable'
        and journal_entries.detail = journal_transactions.subject_id
    group by journal_transactions.subject_id, journal_entries.currency
)

select
    invoices.number,
    invoices.total_minor,
    coalesce(issued.posted_minor, 0) as posted_minor,
    coalesce(issued.postings, 0) as postings
from invoices
left join issued
    on
        invoices.invoice_id = issued.invoice_id
        and invoices.currency = issued.currency
where
    issued.invoice_id is null
    or issued.postings <> 1
    or issued.posted_minor <> invoices.total_minor
