-- The journal's balance of each account, to be compared with the ledger's own: the dashboard's figure is the ledger's.
-- grain: account and currency
-- key: account, currency
select
    account,
    currency,
    count(*) as entries,
    cast(sum(amount_minor) as bigint) as balance_minor
from stg_journal
group by account, currency
