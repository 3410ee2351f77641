-- Money held for clients that no invoice has used yet: how it changed, day by day. Positive is owed to the client.
-- grain: client, currency and day
-- key: client_id, currency, posted_on
select
    detail as client_id,
    currency,
    posted_on,
    cast(-sum(amount_minor) as bigint) as change_minor
from stg_journal
where account = 'client_credit'
group by detail, currency, posted_on
