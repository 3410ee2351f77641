-- Every gallery that was closed again was to be closed: its revocation was intended first.
select
    grants.grant_id,
    grants.invoice_id,
    grants.revoked_at
from grants
where
    grants.revoked_at is not null
    and not exists (
        select 1
        from effects
        where
            effects.kind = 'revoke'
            and effects.subject_id = grants.grant_id
            and effects.intended_seq < grants.revoked_seq
    )
