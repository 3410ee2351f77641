-- Payouts with what they are made of: what clients paid, what went back to them, what the provider kept.
-- grain: payout
-- key: payout_id
with parts as (
    select
        stg_payout_movements.payout_id,
        sum(stg_movements.amount_minor) filter (where stg_movements.kind = 'payment') as paid_minor,
        sum(stg_movements.amount_minor) filter (
            where stg_movements.kind in ('refund', 'refund_returned', 'dispute', 'dispute_returned')
        ) as went_back_minor,
        sum(stg_movements.fee_minor) as fees_minor,
        count(*) filter (where stg_movements.kind = 'payment') as payments
    from stg_payout_movements
    inner join stg_movements on stg_payout_movements.movement_id = stg_movements.movement_id
    group by stg_payout_movements.payout_id
)

select
    stg_payouts.payout_id,
    stg_payouts.currency,
    stg_payouts.amount_minor,
    stg_payouts.status,
    stg_payouts.created_on,
    stg_payouts.arrives_on,
    coalesce(parts.payments, 0) as payments,
    coalesce(parts.paid_minor, 0) as paid_minor,
    coalesce(parts.went_back_minor, 0) as went_back_minor,
    coalesce(parts.fees_minor, 0) as fees_minor
from stg_payouts
left join parts on stg_payouts.payout_id = parts.payout_id
