-- An invoice has at most one charge that succeeded.
select
    subject_id as invoice_id,
    count(*) as charges
from effects
where kind = 'charge' and state = 'done'
group by subject_id
having count(*) > 1
