"""The ledger's part for money that went back or on: refunds, disputes, movements of the balance, payouts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.domain.settlements import (
    DisputeFact,
    DisputeStatus,
    Movement,
    PayoutFact,
    PayoutStatus,
    RefundFact,
    RefundStatus,
)


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund as it was last read. `effect_key` is None for one made in the provider's own dashboard."""

    refund_id: str
    payment_id: str  # the provider's: "pi_…"
    invoice_id: str
    currency: str
    amount_minor: int
    status: RefundStatus
    reason: str
    effect_key: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A dispute as it was last read."""

    dispute_id: str
    payment_id: str  # the provider's: "pi_…"
    invoice_id: str
    currency: str
    amount_minor: int
    status: DisputeStatus
    reason: str
    opened_at: datetime
    evidence_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class MovementRow:
    """A movement of the provider's balance that the journal knows, and the journal transaction that posted it."""

    movement: Movement
    invoice_id: str | None
    transaction_id: str | None


class Settlements(Protocol):
    """Refunds, disputes and payouts are kept as they were last read; movements are kept once and never change."""

    def keep_refund(self, refund: RefundFact, invoice_id: str, now: datetime) -> RefundStatus | None:
        """Keep it as it is now; returns the status that it had before, None when it is new."""
        ...

    def keep_dispute(self, dispute: DisputeFact, invoice_id: str, now: datetime) -> DisputeStatus | None:
        """Keep it as it is now; returns the status that it had before, None when it is new."""
        ...

    def add_movement(
        self, provider: str, movement: Movement, invoice_id: str | None, transaction_id: str | None, now: datetime
    ) -> bool:
        """False if it is there already."""
        ...

    def movement(self, movement_id: str) -> MovementRow | None: ...

    def movements_of(self, source_id: str) -> list[MovementRow]:
        """Those of one charge, refund, dispute or payout, oldest first."""
        ...

    def movements_since(self, provider: str, since: datetime) -> list[MovementRow]: ...

    def refunds_of(self, invoice_id: str) -> list[RefundRow]: ...

    def disputes_of(self, invoice_id: str) -> list[DisputeRow]: ...

    def open_refunds(self) -> list[RefundRow]: ...

    def open_disputes(self) -> list[DisputeRow]: ...

    def keep_payout(self, payout: PayoutFact, now: datetime) -> None:
        """Keep it, and what it is made of once that is known."""
        ...

    def payout_status(self, payout_id: str) -> PayoutStatus | None: ...

    def payouts_since(self, provider: str, since: datetime) -> list[PayoutFact]:
        """As they were last read, with their movement ids and without their own movements; oldest first."""
        ...
