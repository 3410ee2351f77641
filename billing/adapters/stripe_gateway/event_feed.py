"""Which of Stripe's events the house wants, and how one is handed on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from billing.domain.payments import ProviderEvent

# At most 20 (docs: list all events, types).
KINDS = [
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.canceled",
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "charge.updated",  # the money's balance transaction, and with it the fee, may follow the payment by seconds
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",  # from now on it is known what it is made of
]


def provider_event(event: dict[str, Any]) -> ProviderEvent:
    """KeyError if it is no event of Stripe's."""
    subject = event["data"]["object"]
    return ProviderEvent(
        event_id=event["id"],
        kind=event["type"],
        occurred_at=datetime.fromtimestamp(event["created"], UTC),
        object_id=subject["id"],
        payment_id=_payment_id(subject),
        body=json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        livemode=bool(event.get("livemode")),
        account=event.get("account"),
    )


def _payment_id(subject: dict[str, Any]) -> str | None:
    if subject["object"] == "payment_intent":
        return str(subject["id"])
    payment = subject.get("payment_intent")
    if isinstance(payment, dict):
        return str(payment["id"])
    return str(payment) if payment else None
