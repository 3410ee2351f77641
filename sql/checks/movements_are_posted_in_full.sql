-- Every movement of the provider's balance is in the journal, once, with what it came to; one that cannot be is shown.
-- What was given back by hand came from the bank.
with posted_by as (
    select
        movement_id,
        provider,
        currency,
        transaction_id
    from movements
    where transaction_id is not null
    union all
    -- A payment's fee that was told later has a transaction of its own.
    select
        movement_id,
        provider,
        currency,
        'fee:' || substr(transaction_id, 6) as transaction_id
    from movements
    where transaction_id like 'paid:%'
),

posted as (
    select
        posted_by.movement_id,
        sum(journal_entries.amount_minor) as posted_minor
    from posted_by
    inner join journal_entries
        on
            posted_by.transaction_id = journal_entries.transaction_id
            and posted_by.currency = journal_entries.currency
            and posted_by.provider
            = case journal_entries.account when 'bank' then 'office' when 'stripe_clearing' then 'stripe' end
    group by posted_by.movement_id
)

select
    movements.movement_id,
    movements.kind,
    movements.amount_minor - movements.fee_minor as net_minor,
    coalesce(posted.posted_minor, 0) as posted_minor
from movements
left join posted on movements.movement_id = posted.movement_id
where
    (
        movements.transaction_id is not null
        and coalesce(posted.posted_minor, 0) <> movements.amount_minor - movements.fee_minor
    )
    or (
        movements.transaction_id is null
        and movements.amount_minor <> movements.fee_minor
        and not exists (
            select 1
            from attention
            where attention.code = 'movement_currency' and attention.subject_id = movements.movement_id
        )
    )
    or exists (
        select 1
        from movements as other
        where other.transaction_id = movements.transaction_id and other.movement_id <> movements.movement_id
    )
