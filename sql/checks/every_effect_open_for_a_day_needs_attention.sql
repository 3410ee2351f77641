-- Every effect that is ready, in flight or unknown for a day is shown to a person, by itself or with its like.
select
    effects.effect_id,
    effects.key,
    effects.state,
    effects.created_at
from effects
where
    (
        (effects.state in ('in_flight', 'unknown') and effects.created_at < cast(:a_day_ago as text))
        or (effects.state = 'ready' and effects.not_before < cast(:a_day_ago as text))
    )
    and not exists (
        select 1
        from attention
        where
            attention.resolved_at is null
            and (
                attention.subject_id in (effects.key, effects.effect_id, effects.subject_id)
                or (effects.state = 'ready' and attention.subject_id in ('hold', 'limits', 'books'))
                or (effects.outcome_code = 'restored' and attention.subject_id in ('hold', 'restored'))
            )
    )
