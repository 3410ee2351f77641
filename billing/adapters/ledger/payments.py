"""Money received, what the provider hinted at, and who has agreed to be charged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from billing.adapters.ledger.schema import allocations, consents, payments, provider_events
from billing.adapters.ledger.statements import first, insert_once, rows
from billing.domain.money import Money
from billing.domain.payments import ProviderEvent, SavedMethod
from billing.ports.ledger import PaymentRow


class SqlPayments:
    """Implements ports.ledger.Payments."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, payment: PaymentRow, now: datetime) -> bool:
        values = {
            "payment_id": payment.payment_id,
            "provider": payment.provider,
            "provider_object_id": payment.provider_object_id,
            "kind": "payment",
            "invoice_id": payment.invoice_id,
            "currency": payment.amount.currency,
            "amount_minor": payment.amount.minor,
            "fee_minor": payment.fee.minor,
            "method_label": payment.method_label,
            "method_kind": payment.method_kind,
            "captured_at": payment.captured_at,
            "received_on": payment.received_on,
            "recorded_at": now,
        }
        return insert_once(self._connection, payments, values)

    def allocate(self, payment_id: str, invoice_id: str, amount: Money) -> None:
        values = {"payment_id": payment_id, "invoice_id": invoice_id, "amount_minor": amount.minor}
        self._connection.execute(allocations.insert().values(values))

    def get(self, payment_id: str) -> PaymentRow | None:
        row = first(self._connection, select(payments).where(payments.c.payment_id == payment_id))
        return _payment(row) if row else None

    def of_invoice(self, invoice_id: str) -> list[PaymentRow]:
        query = select(payments).where(payments.c.invoice_id == invoice_id).order_by(payments.c.captured_at)
        return [_payment(row) for row in rows(self._connection, query)]

    def recorded_since(self, provider: str, since: datetime) -> list[PaymentRow]:
        query = (
            select(payments)
            .where(payments.c.provider == provider, payments.c.recorded_at >= since)
            .order_by(payments.c.recorded_at.desc(), payments.c.payment_id)
        )
        return [_payment(row) for row in rows(self._connection, query)]

    def keep_event(self, provider: str, event: ProviderEvent, now: datetime, ignored: str | None = None) -> bool:
        values = {
            "provider": provider,
            "event_id": event.event_id,
            "kind": event.kind,
            "object_id": event.object_id,
            "payment_id": event.payment_id,
            "occurred_at": event.occurred_at,
            "received_at": now,
            "body": event.body,
            "state": "waiting" if ignored is None else "ignored",
            "reason": ignored,
            "settled_at": None if ignored is None else now,
        }
        return insert_once(self._connection, provider_events, values)

    def waiting_events(self, provider: str, limit: int) -> list[ProviderEvent]:
        query = (
            select(provider_events)
            .where(provider_events.c.provider == provider, provider_events.c.state == "waiting")
            .order_by(provider_events.c.inbox_id)
            .limit(limit)
        )
        return [
            ProviderEvent(row.event_id, row.kind, row.occurred_at, row.object_id, row.payment_id, row.body)
            for row in rows(self._connection, query)
        ]

    def settle_event(self, provider: str, event_id: str, state: str, reason: str | None, now: datetime) -> None:
        where = (provider_events.c.provider == provider, provider_events.c.event_id == event_id)
        values = {"state": state, "reason": reason, "settled_at": now}
        self._connection.execute(update(provider_events).where(*where).values(values))

    def add_consent(self, method: SavedMethod, actor: str, now: datetime) -> None:
        self.revoke_consent(method.client_id, now)
        values = {
            "client_id": method.client_id,
            "customer_id": method.customer_id,
            "payment_method_id": method.payment_method_id,
            "label": method.label,
            "text_version": method.text_version,
            "consented_at": method.consented_at,
            "recorded_at": now,
            "actor": actor,
        }
        self._connection.execute(consents.insert().values(values))

    def revoke_consent(self, client_id: str, now: datetime) -> bool:
        live = update(consents).where(consents.c.client_id == client_id, consents.c.revoked_at.is_(None))
        return self._connection.execute(live.values(revoked_at=now)).rowcount > 0

    def consent(self, client_id: str) -> SavedMethod | None:
        query = select(consents).where(consents.c.client_id == client_id, consents.c.revoked_at.is_(None))
        row = first(self._connection, query)
        if row is None:
            return None
        return SavedMethod(
            row.client_id, row.customer_id, row.payment_method_id, row.label, row.text_version, row.consented_at
        )


def _payment(row: Row[Any]) -> PaymentRow:
    return PaymentRow(
        payment_id=row.payment_id,
        provider=row.provider,
        provider_object_id=row.provider_object_id,
        invoice_id=row.invoice_id,
        amount=Money(row.amount_minor, row.currency),
        fee=Money(row.fee_minor, row.currency),
        method_label=row.method_label,
        method_kind=row.method_kind,
        captured_at=row.captured_at,
        received_on=row.received_on,
    )
