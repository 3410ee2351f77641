-- Every event of the payment provider that is older than a day was applied, ignored or is in review.
select
    provider,
    event_id,
    kind,
    received_at
from provider_events
where state = 'waiting' and received_at < cast(:a_day_ago as text)
