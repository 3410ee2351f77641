-- Every journal transaction balances in each currency.
select
    transaction_id,
    currency,
    sum(amount_minor) as difference_minor
from journal_entries
group by transaction_id, currency
having sum(amount_minor) <> 0
