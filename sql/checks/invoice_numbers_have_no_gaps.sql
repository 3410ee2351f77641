-- Every series of invoice numbers runs from 1 without gaps.
select
    series,
    min(sequence) as first_sequence,
    max(sequence) as last_sequence,
    count(*) as invoices
from invoices
group by series
having min(sequence) <> 1 or max(sequence) <> count(*)
