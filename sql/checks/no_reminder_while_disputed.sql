-- No reminder was decided on while a dispute or an inquiry of its invoice was open.
select
    effects.effect_id,
    effects.subject_id as invoice_id,
    effects.purpose,
    effects.created_at,
    disputes.dispute_id
from effects
inner join disputes on effects.subject_id = disputes.invoice_id
inner join domain_events as opened
    on opened.event_id in (
        'dispute:' || disputes.dispute_id || ':' || 'open',
        'dispute:' || disputes.dispute_id || ':' || 'inquiry'
    )
where
    effects.kind = 'mail'
    and effects.purpose like 'reminder:%'
    and effects.state <> 'cancelled'
    and effects.intended_seq > opened.ledger_seq
    and not exists (
        select 1
        from domain_events as ended
        where
            ended.event_id in (
                'dispute:' || disputes.dispute_id || ':' || 'won',
                'dispute:' || disputes.dispute_id || ':' || 'lost',
                'dispute:' || disputes.dispute_id || ':' || 'inquiry_closed'
            )
            and ended.ledger_seq > opened.ledger_seq
            and ended.ledger_seq < effects.intended_seq
    )
