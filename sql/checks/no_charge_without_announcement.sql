-- A card whose charge was announced for a later day is charged only if the mail that says so went out, or may have.
select
    effects.effect_id,
    invoices.number,
    effects.settled_at
from effects
inner join invoices on effects.subject_id = invoices.invoice_id
where
    effects.kind = 'charge'
    and effects.state = 'done'
    and invoices.collection = 'autopay'
    and invoices.due_on > invoices.issued_on
    and not exists (
        select 1
        from effects as mails
        where
            mails.subject_id = effects.subject_id
            and mails.kind = 'mail'
            and mails.purpose = 'invoice'
            and mails.state in ('done', 'unknown')
    )
