-- Comparisons of the books with the outside that were finished.
-- grain: reconciliation
-- key: reconciliation_id
select
    reconciliation_id,
    scope,
    compared,
    differences,
    cast(finished_at as timestamptz) as finished_at,
    cast(cast(finished_at as timestamptz) at time zone $time_zone as date) as finished_on
from raw_reconciliations
