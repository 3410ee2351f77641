"""Refunds, disputes, payouts and balance transactions, as Stripe sends them, in our own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from billing.adapters.stripe_gateway.fields import Fields
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


_REFUNDS = {status.value: status for status in RefundStatus}
_PAYOUTS = {status.value: status for status in PayoutStatus}


def movement(transaction: Wire) -> Movement:
    """One change of the balance, in the currency of the balance."""
    fields = Fields.of_answer(transaction)
    kind = fields.text("type")
    return Movement(
        movement_id=fields.text("id"),
        kind=_KINDS.get(kind) or _CATEGORIES.get(fields.text_or_none("reporting_category") or "", MovementKind.OTHER),
        source_id=fields.id_of("source") or "",
        amount=fields.money("amount"),
        fee=fields.money("fee"),
        occurred_at=fields.instant("created"),
        description=fields.text_or_none("description") or kind,
        payment_id=fields.part("source").id_of("payment_intent"),  # of charges, refunds and disputes sent whole
    )


def refund_fact(refund: Wire, payment_id: str = "") -> RefundFact:
    """The refund, with its balance transactions expanded. `reason` is empty where none was given.

    `payment_id`: of which payment it was asked for. Without a status nobody knows yet how it ends: it is pending.
    """
    fields = Fields.of_answer(refund)
    metadata = fields.part("metadata")
    return RefundFact(
        provider="stripe",
        refund_id=fields.text("id"),
        payment_id=fields.id_of("payment_intent") or payment_id,
        amount=fields.money("amount"),
        status=RefundStatus.PENDING if fields.raw("status") is None else fields.one_of("status", _REFUNDS),
        reason=metadata.text_or_none("reason") or fields.text_or_none("reason") or "",
        created_at=fields.instant("created"),
        movements=_movements((fields.raw("balance_transaction"), fields.raw("failure_balance_transaction"))),
        effect_key=metadata.text_or_none("effect_key"),
    )


def dispute_fact(dispute: Wire, payment_id: str = "") -> DisputeFact:
    """The dispute; Stripe sends its balance transactions inside. `payment_id`: of which payment it was asked for."""
    fields = Fields.of_answer(dispute)
    return DisputeFact(
        provider="stripe",
        dispute_id=fields.text("id"),
        payment_id=fields.id_of("payment_intent") or payment_id,
        amount=fields.money("amount"),
        status=fields.one_of("status", _DISPUTES),
        reason=fields.text_or_none("reason") or "",
        opened_at=fields.instant("created"),
        evidence_due_at=fields.part("evidence_details").instant_or_none("due_by"),
        movements=_movements(fields.several("balance_transactions")),
    )


def payout_fact(payout: Wire, items: Iterable[Movement] = ()) -> PayoutFact:
    """The payout, with its own balance transactions expanded; `items` are those that it is made of."""
    fields = Fields.of_answer(payout)
    items = tuple(items)
    return PayoutFact(
        provider="stripe",
        payout_id=fields.text("id"),
        amount=fields.money("amount"),
        status=fields.one_of("status", _PAYOUTS),
        is_automatic=fields.flag("automatic"),
        is_itemized=is_itemized(payout),
        created_at=fields.instant("created"),
        arrives_on=fields.instant("arrival_date").date(),
        own=_movements((fields.raw("balance_transaction"), fields.raw("failure_balance_transaction"))),
        movement_ids=tuple(item.movement_id for item in items),
        items=items,
    )


def is_itemized(payout: Wire) -> bool:
    """Whether Stripe tells by now what it is made of; of a manual payout it never does, and refuses to list it."""
    return payout.get("reconciliation_status") == "completed"


def _movements(found: Iterable[object]) -> tuple[Movement, ...]:
    """Those that were sent whole; an id alone says nothing of amounts."""
    whole = [movement(transaction) for transaction in found if isinstance(transaction, Mapping)]
    return tuple(sorted(whole, key=lambda moved: (moved.occurred_at, moved.movement_id)))
