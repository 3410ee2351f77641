-- A gallery is open for an invoice at most once; grants and revocations alternate.
select
    invoice_id,
    host,
    gallery_id,
    count(*) as open_grants
from grants
where revoked_at is null
group by invoice_id, host, gallery_id
having count(*) > 1
