-- An invoice has at most one charge whose end is open.
select
    subject_id as invoice_id,
    count(*) as open_charges
from effects
where kind = 'charge' and state in ('ready', 'in_flight', 'unknown', 'held')
group by subject_id
having count(*) > 1
