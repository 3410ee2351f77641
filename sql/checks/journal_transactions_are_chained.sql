-- The journal's transactions are numbered without gaps, and each carries the hash of the one before.
select
    later.seq,
    later.transaction_id,
    later.previous_hash,
    earlier.hash as expected_hash
from journal_transactions as later
left join journal_transactions as earlier on earlier.seq = later.seq - 1
where later.seq > 1 and (earlier.seq is null or earlier.hash <> later.previous_hash)
