"""Money that goes back or on: refunds, disputes, payouts, and the movements of the provider's balance that prove them.

Whatever is posted is posted by a movement (Stripe's balance transaction); a status alone moves no money.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from billing.domain.money import Money
from billing.domain.payments import PaymentFact


class MovementKind(StrEnum):
    """Why the provider's balance changed. `other`: nothing that we asked for, and it counts all the same."""

    PAYMENT = "payment"
    REFUND = "refund"
    REFUND_RETURNED = "refund_returned"  # the refund failed or was canceled, and the money came back
    DISPUTE = "dispute"
    DISPUTE_RETURNED = "dispute_returned"
    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of the provider's balance. `amount` is positive into the account, `fee` what was kept on top of it.

    Both are in the currency of the balance, which need not be the currency that the client paid in.
    """

    movement_id: str  # "txn_…"
    kind: MovementKind
    source_id: str  # "ch_…", "re_…", "dp_…", "po_…"; empty for what has none
    amount: Money
    fee: Money
    occurred_at: datetime
    description: str = ""
    # "pi_…", whose charge, refund or dispute it is: only where the whole balance is listed.
    payment_id: str | None = field(default=None, compare=False)

    @property
    def net(self) -> Money:
        return self.amount - self.fee


class RefundStatus(StrEnum):
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


NEVER_ARRIVED = (RefundStatus.FAILED, RefundStatus.CANCELED)  # the money is with the provider again
OPEN_REFUNDS = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)


@dataclass(frozen=True, slots=True)
class RefundFact:
    """One refund as it is now. Keyed by its own id: a charge's `amount_refunded` adds all of them up.

    `effect_key` is ours where we asked for it, None for one made in the provider's own dashboard.
    """

    provider: str
    refund_id: str
    payment_id: str
    amount: Money
    status: RefundStatus
    reason: str
    created_at: datetime
    movements: tuple[Movement, ...] = ()
    effect_key: str | None = None


class DisputeStatus(StrEnum):
    """An inquiry only asks; it moves no money until it becomes a dispute."""

    INQUIRY = "inquiry"
    INQUIRY_CLOSED = "inquiry_closed"
    OPEN = "open"
    WON = "won"
    LOST = "lost"


OPEN_DISPUTES = (DisputeStatus.INQUIRY, DisputeStatus.OPEN)


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """One dispute as it is now. `amount` may be all of the charge though a part of it was refunded before."""

    provider: str
    dispute_id: str
    payment_id: str
    amount: Money
    status: DisputeStatus
    reason: str
    opened_at: datetime
    evidence_due_at: datetime | None = None
    movements: tuple[Movement, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentStory:
    """All that is known of one payment at one moment: whatever event asked for it, the same story is told.

    `movement` is the payment's own, None until the money is on the balance.
    """

    payment: PaymentFact
    movement: Movement | None = None
    refunds: tuple[RefundFact, ...] = ()
    disputes: tuple[DisputeFact, ...] = ()


class PayoutStatus(StrEnum):
    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class PayoutFact:
    """Money on its way to the studio's bank. `amount` is positive towards the bank.

    `movement_ids` are those it is made of, empty until the provider has finished adding them up (`is_itemized`).
    `own` are the payout's own movements: out of the balance, and back if it failed.
    """

    provider: str
    payout_id: str
    amount: Money
    status: PayoutStatus
    is_automatic: bool
    is_itemized: bool
    created_at: datetime
    arrives_on: date
    own: tuple[Movement, ...] = ()
    movement_ids: tuple[str, ...] = ()
    items: tuple[Movement, ...] = field(default=(), compare=False)  # the same in full, where it was read alone


Status = RefundStatus | DisputeStatus | PayoutStatus
_ENDED = 3
_RANKS: dict[type[Status], dict[Status, int]] = {  # what is in none of them is an end
    RefundStatus: {RefundStatus.PENDING: 0, RefundStatus.REQUIRES_ACTION: 0, RefundStatus.SUCCEEDED: 1},
    DisputeStatus: {DisputeStatus.INQUIRY: 0, DisputeStatus.INQUIRY_CLOSED: 1, DisputeStatus.OPEN: 2},
    PayoutStatus: {PayoutStatus.PENDING: 0, PayoutStatus.IN_TRANSIT: 1, PayoutStatus.PAID: 2},
}


def goes_back(known: Status | None, told: Status) -> bool:
    """Whether `told` was read before what is known already: two workers may record what they read in any order."""
    return known is not None and _rank(told) < _rank(known)


def _rank(status: Status) -> int:
    return _RANKS[type(status)].get(status, _ENDED)
