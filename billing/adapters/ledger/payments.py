"""Money received, what the provider hinted at, and who has agreed to be charged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, select, update

from billing.adapters.ledger.own_order import next_number
from billing.adapters.ledger.schema import allocations, consents, payments, provider_events
from billing.adapters.ledger.statements import change, first, insert, insert_once, rows
from billing.domain.money import Money
from billing.domain.payments import ProviderEvent, SavedMethod
from billing.ports.ledger import PaymentRow

_BY_ID = select(payments).where(payments.c.payment_id == bindparam("payment_id"))
_OF_INVOICE = select(payments).where(payments.c.invoice_id == bindparam("invoice_id")).order_by(payments.c.captured_at)
_RECORDED_SINCE = (
    select(payments)
    .where(payments.c.provider == bindparam("provider"), payments.c.recorded_at >= bindparam("since"))
    .order_by(payments.c.recorded_at.desc(), payments.c.payment_id)
)
_WAITING = (
    select(provider_events)
    .where(provider_events.c.provider == bindparam("provider"), provider_events.c.state == "waiting")
    .order_by(provider_events.c.inbox_id)
    .limit(bindparam("at_most", type_=Integer))
)
_WAITING_SINCE = select(provider_events.c.received_at).where(
    provider_events.c.provider == bindparam("provider"),
    provider_events.c.event_id == bindparam("event_id"),
    provider_events.c.state == "waiting",
)
_EVENT = update(provider_events).where(
    provider_events.c.provider == bindparam("of_provider"), provider_events.c.event_id == bindparam("this")
)
_CONSENT = select(consents).where(consents.c.client_id == bindparam("client_id"), consents.c.revoked_at.is_(None))
_REVOKE = update(consents).where(consents.c.client_id == bindparam("of_client"), consents.c.revoked_at.is_(None))


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
        insert(self._connection, allocations, values)

    def get(self, payment_id: str) -> PaymentRow | None:
        row = first(self._connection, _BY_ID, payment_id=payment_id)
        return _payment(row) if row else None

    def of_invoice(self, invoice_id: str) -> list[PaymentRow]:
        return [_payment(row) for row in rows(self._connection, _OF_INVOICE, invoice_id=invoice_id)]

    def recorded_since(self, provider: str, since: datetime) -> list[PaymentRow]:
        found = rows(self._connection, _RECORDED_SINCE, provider=provider, since=since)
        return [_payment(row) for row in found]

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
        return [
            ProviderEvent(row.event_id, row.kind, row.occurred_at, row.object_id, row.payment_id, row.body)
            for row in rows(self._connection, _WAITING, provider=provider, at_most=limit)
        ]

    def waiting_since(self, provider: str, event_id: str) -> datetime | None:
        return self._connection.execute(_WAITING_SINCE, {"provider": provider, "event_id": event_id}).scalar()

    def settle_event(self, provider: str, event_id: str, state: str, reason: str | None, now: datetime) -> None:
        values = {"state": state, "reason": reason, "settled_at": now}
        change(self._connection, _EVENT, of_provider=provider, this=event_id, **values)

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
            "recorded_seq": next_number(self._connection, now),
            "actor": actor,
        }
        insert(self._connection, consents, values)

    def revoke_consent(self, client_id: str, now: datetime) -> bool:
        revoked = {"revoked_at": now, "revoked_seq": next_number(self._connection, now)}
        return change(self._connection, _REVOKE, of_client=client_id, **revoked) > 0

    def consent(self, client_id: str) -> SavedMethod | None:
        row = first(self._connection, _CONSENT, client_id=client_id)
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
