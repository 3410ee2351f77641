-- Every invoice that was mailed has its PDF on record.
select
    effects.effect_id,
    effects.subject_id as invoice_id
from effects
left join documents
    on
        effects.subject_id = documents.subject_id
        and documents.kind = 'invoice'
where
    effects.kind = 'mail'
    and effects.purpose = 'invoice'
    and effects.state = 'done'
    and documents.subject_id is null
