-- Every effect that is ready, in flight or unknown for a day is shown to a person, by itself or with its like.
with shown as (
    select subject_id
    from attention
    where resolved_at is null
)

select
    effects.effect_id,
    effects.key,
    effects.state,
    effects.created_at
from effects
where
    (
        (effects.state in ('ready', 'in_flight') and effects.not_before < cast(:a_day_ago as text))
        or (
            effects.state = 'unknown'
            and coalesce(effects.unknown_since, effects.created_at) < cast(:a_day_ago as text)
        )
    )
    and effects.key not in (select shown.subject_id from shown)
    and effects.effect_id not in (select shown.subject_id from shown)
    and effects.subject_id not in (select shown.subject_id from shown)
    and not (
        effects.state = 'ready'
        and exists (
            select 1 from shown
            where shown.subject_id in ('hold', 'limits', 'books')
        )
    )
    and not (
        effects.outcome_code is not null
        and effects.outcome_code = 'restored'
        and exists (
            select 1 from shown
            where shown.subject_id in ('hold', 'restored')
        )
    )
