-- What each payout is made of.
-- grain: movement in a payout
-- key: payout_id, movement_id
select
    payout_id,
    movement_id
from raw_payout_movements
