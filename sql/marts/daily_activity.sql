-- What happened on each day: sessions noticed, invoices issued and sent, reminders, payments, galleries, acts by hand.
-- grain: day and activity
-- key: day_on, activity
select
    day_on,
    activity,
    count(*) as times
from (
    select
        first_observed_on as day_on,
        'session noticed' as activity
    from stg_sessions
    where state in ('due', 'billed', 'attention')
    union all
    select
        issued_on as day_on,
        'invoice issued' as activity
    from stg_invoices
    union all
    select
        settled_on as day_on,
        case
            when purpose = 'invoice' then 'invoice mailed'
            when purpose = 'receipt' then 'receipt mailed'
            when purpose = 'payment_failed' then 'refusal mailed'
            when purpose = 'refund' then 'refund mailed'
            when purpose = 'gallery' then 'gallery mailed'
            when purpose like 'balance:%' then 'change of balance mailed'
            when purpose like 'reminder:%' then 'reminder mailed'
            else 'other mail'
        end as activity
    from stg_effects
    where kind = 'mail' and state = 'done'
    union all
    select
        settled_on as day_on,
        case state when 'done' then 'card charged' else 'card refused' end as activity
    from stg_effects
    where kind = 'charge' and state in ('done', 'failed')
    union all
    select
        received_on as day_on,
        'payment received' as activity
    from stg_payments
    union all
    select
        granted_on as day_on,
        'gallery opened' as activity
    from stg_grants
    union all
    select
        revoked_on as day_on,
        'gallery closed' as activity
    from stg_grants
    where revoked_on is not null
    union all
    select
        submitted_on as day_on,
        'done by hand' as activity
    from stg_commands
) as happenings
group by day_on, activity
