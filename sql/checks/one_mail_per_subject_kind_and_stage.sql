-- A subject has at most one mail of each kind and stage.
select
    subject_id,
    purpose,
    count(*) as mails
from effects
where kind = 'mail' and state not in ('failed', 'cancelled')
group by subject_id, purpose
having count(*) > 1
