"""Refunds, disputes, payouts and balance transactions, as Stripe sends them, in the words of the house."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from billing.adapters.stripe_gateway.amounts import from_wire
from billing.domain.settlements import (
    DisputeFact,
    DisputeStatus,
    Movement,
    MovementKind,
    PayoutFact,
    PayoutStatus,
    RefundFact,
    RefundStatus,
)

Wire = Mapping[str, Any]

# docs: balance transaction types. A dispute's own are of type `adjustment` and told apart by their reporting category.
_KINDS = {
    "charge": MovementKind.PAYMENT,
    "payment": MovementKind.PAYMENT,
    "refund": MovementKind.REFUND,
    "payment_refund": MovementKind.REFUND,
    "refund_failure": MovementKind.REFUND_RETURNED,
    "payment_failure_refund": MovementKind.REFUND_RETURNED,
    "payout": MovementKind.PAYOUT,
    "payout_failure": MovementKind.PAYOUT_RETURNED,
    "payout_cancel": MovementKind.PAYOUT_RETURNED,
}
_CATEGORIES = {"dispute": MovementKind.DISPUTE, "dispute_reversal": MovementKind.DISPUTE_RETURNED}
_DISPUTES = {
    "warning_needs_response": DisputeStatus.INQUIRY,
    "warning_under_review": DisputeStatus.INQUIRY,
    "warning_closed": DisputeStatus.INQUIRY_CLOSED,
    "needs_response": DisputeStatus.OPEN,
    "under_review": DisputeStatus.OPEN,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "prevented": DisputeStatus.INQUIRY_CLOSED,  # settled before it became one: no money was taken
}


def movement(transaction: Wire) -> Movement:
    """One change of the balance, in the currency of the balance."""
    kind = _KINDS.get(transaction["type"]) or _CATEGORIES.get(transaction.get("reporting_category") or "")
    return Movement(
        movement_id=transaction["id"],
        kind=kind or MovementKind.OTHER,
        source_id=_id(transaction.get("source")),
        amount=from_wire(transaction["amount"], transaction["currency"]),
        fee=from_wire(transaction["fee"], transaction["currency"]),
        occurred_at=datetime.fromtimestamp(transaction["created"], UTC),
        description=transaction.get("description") or transaction["type"],
        payment_id=_payment_id(transaction.get("source")),
    )


def refund_fact(refund: Wire) -> RefundFact:
    """The refund, with its balance transactions expanded. `reason` is empty where none was given."""
    metadata = refund.get("metadata") or {}
    moved = (refund.get("balance_transaction"), refund.get("failure_balance_transaction"))
    return RefundFact(
        provider="stripe",
        refund_id=refund["id"],
        payment_id=_id(refund.get("payment_intent")),
        amount=from_wire(refund["amount"], refund["currency"]),
        status=RefundStatus(refund["status"]),
        reason=metadata.get("reason") or refund.get("reason") or "",
        created_at=datetime.fromtimestamp(refund["created"], UTC),
        movements=_movements(moved),
        effect_key=metadata.get("effect_key"),
    )


def dispute_fact(dispute: Wire) -> DisputeFact:
    """The dispute; Stripe sends its balance transactions inside."""
    due_by = (dispute.get("evidence_details") or {}).get("due_by")
    return DisputeFact(
        provider="stripe",
        dispute_id=dispute["id"],
        payment_id=_id(dispute.get("payment_intent")),
        amount=from_wire(dispute["amount"], dispute["currency"]),
        status=_DISPUTES[dispute["status"]],
        reason=dispute.get("reason") or "",
        opened_at=datetime.fromtimestamp(dispute["created"], UTC),
        evidence_due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        movements=_movements(dispute.get("balance_transactions") or ()),
    )


def payout_fact(payout: Wire, items: Iterable[Movement] = ()) -> PayoutFact:
    """The payout, with its own balance transactions expanded; `items` are those that it is made of."""
    items = tuple(items)
    own = (payout.get("balance_transaction"), payout.get("failure_balance_transaction"))
    return PayoutFact(
        provider="stripe",
        payout_id=payout["id"],
        amount=from_wire(payout["amount"], payout["currency"]),
        status=PayoutStatus(payout["status"]),
        is_automatic=bool(payout["automatic"]),
        is_itemized=payout.get("reconciliation_status") == "completed",
        created_at=datetime.fromtimestamp(payout["created"], UTC),
        arrives_on=datetime.fromtimestamp(payout["arrival_date"], UTC).date(),
        own=_movements(own),
        movement_ids=tuple(item.movement_id for item in items),
        items=items,
    )


def _movements(found: Iterable[object]) -> tuple[Movement, ...]:
    """Those that were sent whole; an id alone says nothing of amounts."""
    whole = [movement(transaction) for transaction in found if isinstance(transaction, Mapping)]
    return tuple(sorted(whole, key=lambda moved: (moved.occurred_at, moved.movement_id)))


def _payment_id(source: object) -> str | None:
    """Charges, refunds and disputes name their payment intent, where they were sent whole."""
    return (_id(source.get("payment_intent")) or None) if isinstance(source, Mapping) else None


def _id(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value["id"])
    return str(value) if value else ""
