-- Every effect that has been in flight or unknown for a day is shown to a person.
select
    effects.effect_id,
    effects.key,
    effects.state,
    effects.created_at
from effects
left join attention
    on
        attention.subject_id in (effects.key, effects.effect_id, effects.subject_id)
        and attention.resolved_at is null
where
    effects.state in ('in_flight', 'unknown')
    and effects.created_at < cast(:a_day_ago as text)
    and attention.attention_id is null
