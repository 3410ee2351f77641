-- Nobody owes less than nothing: what is paid too much is the client's credit.
select
    detail as invoice_id,
    currency,
    sum(amount_minor) as balance_minor
from journal_entries
where account = 'receivable'
group by detail, currency
having sum(amount_minor) < 0
