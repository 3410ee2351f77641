"""Which of Stripe's events are wanted, and how one is handed on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from billing.adapters.stripe_gateway.fields import Fields
from billing.domain.payments import ProviderEvent

_YEAR_3000 = 32_503_680_000
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


def provider_event(event: Mapping[str, Any]) -> ProviderEvent:
    """Malformed if it is no event of Stripe's."""
    fields = Fields.of_answer(event)
    subject = fields.part("data").part("object")
    is_payment = subject.text("object") == "payment_intent"
    return ProviderEvent(
        event_id=fields.text("id"),
        kind=fields.text("type"),
        occurred_at=fields.instant("created"),
        object_id=subject.text("id"),
        payment_id=subject.text("id") if is_payment else subject.id_of("payment_intent"),
        body=_body(event),
        livemode=bool(fields.raw("livemode")),
        account=fields.text_or_none("account"),
    )


def unreadable_event(event: Mapping[str, Any], problem: str) -> ProviderEvent:
    """The same for one that is not as it should be: kept under its id for a person. Malformed without even that."""
    event_id = Fields.of_answer(event).text("id")
    kind, created = event.get("type"), event.get("created")
    seconds = created if isinstance(created, int) and 0 <= created < _YEAR_3000 else 0
    return ProviderEvent(
        event_id=event_id,
        kind=kind if isinstance(kind, str) else "unknown",
        occurred_at=datetime.fromtimestamp(seconds, UTC),
        object_id=event_id,
        payment_id=None,
        body=_body(event),
        problem=problem,
    )


def _body(event: Mapping[str, Any]) -> str:
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
