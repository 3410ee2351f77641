-- Every charge was intended while a consent of that client, to that card, was on record.
select
    effects.effect_id,
    effects.subject_id as invoice_id,
    effects.created_at
from effects
where
    effects.kind = 'charge'
    and effects.state <> 'cancelled'
    and not exists (
        select 1
        from invoices
        inner join consents on invoices.client_id = consents.client_id
        where
            invoices.invoice_id = effects.subject_id
            and consents.recorded_seq < effects.intended_seq
            and (consents.revoked_seq is null or consents.revoked_seq > effects.intended_seq)
            -- The parameters are canonical JSON; to look for a text by removing it works in both databases.
            and replace(
                effects.parameters, '"payment_method_id":"' || consents.payment_method_id || '"', ''
            ) <> effects.parameters
    )
