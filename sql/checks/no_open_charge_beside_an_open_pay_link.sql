-- While a charge is open, no pay link of the same invoice can take the money too.
select
    effects.subject_id as invoice_id,
    effects.effect_id,
    pay_links.link_id
from effects
inner join pay_links on effects.subject_id = pay_links.invoice_id
where
    effects.kind = 'charge'
    and effects.state in ('ready', 'in_flight', 'unknown')
    and pay_links.closed_at is null
