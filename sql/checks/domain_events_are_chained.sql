-- The domain events are numbered without gaps, and each carries the hash of the one before.
select
    later.seq,
    later.event_id,
    later.previous_hash,
    earlier.hash as expected_hash
from domain_events as later
left join domain_events as earlier on earlier.seq = later.seq - 1
where later.seq > 1 and (earlier.seq is null or earlier.hash <> later.previous_hash)
