-- Every movement of the provider's balance is in the journal, once, with what it came to; one that cannot be is shown.
-- What was given back by hand came from the bank.
with cleared as (
    select
        transaction_id,
        currency,
        case account when 'bank' then 'office' else 'stripe' end as provider,
        sum(amount_minor) as cleared_minor
    from journal_entries
    where account in ('stripe_clearing', 'bank')
    group by transaction_id, currency, account
),

posted as (
    select
        movements.movement_id,
        movements.kind,
        movements.transaction_id,
        movements.amount_minor - movements.fee_minor as net_minor,
        coalesce(sum(cleared.cleared_minor), 0) as posted_minor
    from movements
    left join cleared
        on
            movements.currency = cleared.currency
            and movements.provider = cleared.provider
            and (
                movements.transaction_id = cleared.transaction_id
                -- A payment's fee that was told later has a transaction of its own.
                or (
                    movements.transaction_id like 'paid:%'
                    and cleared.transaction_id = 'fee:' || substr(movements.transaction_id, 6)
                )
            )
    group by
        movements.movement_id,
        movements.kind,
        movements.transaction_id,
        movements.amount_minor,
        movements.fee_minor
)

select
    posted.movement_id,
    posted.kind,
    posted.net_minor,
    posted.posted_minor
from posted
where
    (posted.transaction_id is not null and posted.posted_minor <> posted.net_minor)
    or (
        posted.transaction_id is null
        and posted.net_minor <> 0
        and not exists (
            select 1
            from attention
            where attention.code = 'movement_currency' and attention.subject_id = posted.movement_id
        )
    )
    or exists (
        select 1
        from movements as other
        where other.transaction_id = posted.transaction_id and other.movement_id <> posted.movement_id
    )
