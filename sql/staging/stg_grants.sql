-- Galleries opened for clients, and when they were closed again.
-- grain: grant
-- key: grant_id
select
    grant_id,
    invoice_id,
    gallery_name,
    cast(cast(granted_at as timestamptz) at time zone $time_zone as date) as granted_on,
    cast(cast(revoked_at as timestamptz) at time zone $time_zone as date) as revoked_on
from raw_grants
