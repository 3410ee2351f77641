"""Refunds, disputes and payouts as they were last read; movements of the provider's balance, kept once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from billing.adapters.ledger.schema import disputes, movements, payout_movements, payouts, refunds
from billing.adapters.ledger.statements import first, insert_once, put, rows
from billing.domain.money import Money
from billing.domain.settlements import (
    OPEN_DISPUTES,
    OPEN_REFUNDS,
    DisputeFact,
    DisputeStatus,
    Movement,
    MovementKind,
    PayoutFact,
    PayoutStatus,
    RefundFact,
    RefundStatus,
)
from billing.ports.settlements import DisputeRow, MovementRow, RefundRow

_KNOWN_REFUND = select(refunds.c.status).where(refunds.c.refund_id == bindparam("refund_id"))
_KNOWN_DISPUTE = select(disputes.c.status).where(disputes.c.dispute_id == bindparam("dispute_id"))
_KNOWN_PAYOUT = select(payouts.c.status).where(payouts.c.payout_id == bindparam("payout_id"))
_MOVEMENTS = select(movements).order_by(movements.c.occurred_at, movements.c.movement_id)
_MOVEMENT = _MOVEMENTS.where(movements.c.movement_id == bindparam("movement_id"))
_MOVEMENTS_OF = _MOVEMENTS.where(movements.c.source_id == bindparam("source_id"))
_MOVEMENTS_SINCE = _MOVEMENTS.where(
    movements.c.provider == bindparam("provider"), movements.c.occurred_at >= bindparam("since")
)
_REFUNDS = select(refunds).order_by(refunds.c.created_at, refunds.c.refund_id)
_REFUNDS_OF = _REFUNDS.where(refunds.c.invoice_id == bindparam("invoice_id"))
_OPEN_REFUNDS = _REFUNDS.where(refunds.c.status.in_([status.value for status in OPEN_REFUNDS]))
_DISPUTES = select(disputes).order_by(disputes.c.opened_at, disputes.c.dispute_id)
_DISPUTES_OF = _DISPUTES.where(disputes.c.invoice_id == bindparam("invoice_id"))
_OPEN_DISPUTES = _DISPUTES.where(disputes.c.status.in_([status.value for status in OPEN_DISPUTES]))
_PAYOUTS_SINCE = (
    select(payouts)
    .where(payouts.c.provider == bindparam("provider"), payouts.c.created_at >= bindparam("since"))
    .order_by(payouts.c.created_at, payouts.c.payout_id)
)
_MADE_OF = (
    select(payout_movements.c.movement_id)
    .where(payout_movements.c.payout_id == bindparam("payout_id"))
    .order_by(payout_movements.c.movement_id)
)


class SqlSettlements:
    """Implements ports.settlements.Settlements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep_refund(self, refund: RefundFact, invoice_id: str, now: datetime) -> RefundStatus | None:
        known = first(self._connection, _KNOWN_REFUND, refund_id=refund.refund_id)
        values = {
            "refund_id": refund.refund_id,
            "provider": refund.provider,
            "provider_payment_id": refund.payment_id,
            "invoice_id": invoice_id,
            "currency": refund.amount.currency,
            "amount_minor": refund.amount.minor,
            "status": refund.status.value,
            "reason": refund.reason,
            "effect_key": refund.effect_key,
            "created_at": refund.created_at,
            "recorded_at": now,
        }
        put(self._connection, refunds, values)
        return RefundStatus(known.status) if known else None

    def keep_dispute(self, dispute: DisputeFact, invoice_id: str, now: datetime) -> DisputeStatus | None:
        known = first(self._connection, _KNOWN_DISPUTE, dispute_id=dispute.dispute_id)
        values = {
            "dispute_id": dispute.dispute_id,
            "provider": dispute.provider,
            "provider_payment_id": dispute.payment_id,
            "invoice_id": invoice_id,
            "currency": dispute.amount.currency,
            "amount_minor": dispute.amount.minor,
            "status": dispute.status.value,
            "reason": dispute.reason,
            "opened_at": dispute.opened_at,
            "evidence_due_at": dispute.evidence_due_at,
            "recorded_at": now,
        }
        put(self._connection, disputes, values)
        return DisputeStatus(known.status) if known else None

    def add_movement(
        self, provider: str, movement: Movement, invoice_id: str | None, transaction_id: str | None, now: datetime
    ) -> bool:
        values = {
            "movement_id": movement.movement_id,
            "provider": provider,
            "kind": movement.kind.value,
            "source_id": movement.source_id,
            "invoice_id": invoice_id,
            "transaction_id": transaction_id,
            "currency": movement.amount.currency,
            "amount_minor": movement.amount.minor,
            "fee_minor": movement.fee.minor,
            "description": movement.description,
            "occurred_at": movement.occurred_at,
            "recorded_at": now,
        }
        return insert_once(self._connection, movements, values)

    def movement(self, movement_id: str) -> MovementRow | None:
        row = first(self._connection, _MOVEMENT, movement_id=movement_id)
        return _movement(row) if row else None

    def movements_of(self, source_id: str) -> list[MovementRow]:
        return self._movements(_MOVEMENTS_OF, source_id=source_id)

    def movements_since(self, provider: str, since: datetime) -> list[MovementRow]:
        return self._movements(_MOVEMENTS_SINCE, provider=provider, since=since)

    def refunds_of(self, invoice_id: str) -> list[RefundRow]:
        return self._refunds(_REFUNDS_OF, invoice_id=invoice_id)

    def open_refunds(self) -> list[RefundRow]:
        return self._refunds(_OPEN_REFUNDS)

    def disputes_of(self, invoice_id: str) -> list[DisputeRow]:
        return self._disputes(_DISPUTES_OF, invoice_id=invoice_id)

    def open_disputes(self) -> list[DisputeRow]:
        return self._disputes(_OPEN_DISPUTES)

    def keep_payout(self, payout: PayoutFact, now: datetime) -> None:
        values = {
            "payout_id": payout.payout_id,
            "provider": payout.provider,
            "currency": payout.amount.currency,
            "amount_minor": payout.amount.minor,
            "status": payout.status.value,
            "is_automatic": int(payout.is_automatic),
            "is_itemized": int(payout.is_itemized),
            "created_at": payout.created_at,
            "arrives_on": payout.arrives_on,
            "recorded_at": now,
        }
        put(self._connection, payouts, values)
        for movement_id in payout.movement_ids:
            item = {"payout_id": payout.payout_id, "movement_id": movement_id}
            insert_once(self._connection, payout_movements, item)

    def payout_status(self, payout_id: str) -> PayoutStatus | None:
        known = first(self._connection, _KNOWN_PAYOUT, payout_id=payout_id)
        return PayoutStatus(known.status) if known else None

    def payouts_since(self, provider: str, since: datetime) -> list[PayoutFact]:
        found = rows(self._connection, _PAYOUTS_SINCE, provider=provider, since=since)
        return [self._payout(row) for row in found]

    def _payout(self, row: Row[Any]) -> PayoutFact:
        made_of = rows(self._connection, _MADE_OF, payout_id=row.payout_id)
        return PayoutFact(
            provider=row.provider,
            payout_id=row.payout_id,
            amount=Money(row.amount_minor, row.currency),
            status=PayoutStatus(row.status),
            is_automatic=bool(row.is_automatic),
            is_itemized=bool(row.is_itemized),
            created_at=row.created_at,
            arrives_on=row.arrives_on,
            movement_ids=tuple(item.movement_id for item in made_of),
        )

    def _movements(self, query: Select[Any], **values: Any) -> list[MovementRow]:
        return [_movement(row) for row in rows(self._connection, query, **values)]

    def _refunds(self, query: Select[Any], **values: Any) -> list[RefundRow]:
        return [
            RefundRow(
                row.refund_id,
                row.provider_payment_id,
                row.invoice_id,
                row.currency,
                row.amount_minor,
                RefundStatus(row.status),
                row.reason,
                row.effect_key,
                row.created_at,
            )
            for row in rows(self._connection, query, **values)
        ]

    def _disputes(self, query: Select[Any], **values: Any) -> list[DisputeRow]:
        return [
            DisputeRow(
                row.dispute_id,
                row.provider_payment_id,
                row.invoice_id,
                row.currency,
                row.amount_minor,
                DisputeStatus(row.status),
                row.reason,
                row.opened_at,
                row.evidence_due_at,
            )
            for row in rows(self._connection, query, **values)
        ]


def _movement(row: Row[Any]) -> MovementRow:
    movement = Movement(
        movement_id=row.movement_id,
        kind=MovementKind(row.kind),
        source_id=row.source_id,
        amount=Money(row.amount_minor, row.currency),
        fee=Money(row.fee_minor, row.currency),
        occurred_at=row.occurred_at.astimezone(UTC),
        description=row.description,
    )
    return MovementRow(movement, row.invoice_id, row.transaction_id)
