-- Comparisons of the books with the outside that were finished, and how much was compared.
-- grain: reconciliation
-- key: reconciliation_id
select
    reconciliation_id,
    scope,
    compared,
    differences,
    finished_at,
    finished_on
from stg_reconciliations
