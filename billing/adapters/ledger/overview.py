"""Questions about the ledger as a whole, for the operator: how much of what, in which state, and since when."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, case, func, or_, select

from billing.adapters.ledger.schema import (
    attention,
    commands,
    cursors,
    disputes,
    domain_events,
    effects,
    grants,
    invoices,
    payments,
    pins,
    refunds,
    sessions,
)
from billing.domain.events import DomainEvent
from billing.domain.money import Money


@dataclass(frozen=True, slots=True)
class CommandState:
    """What came of a command: `state` is waiting, done or refused; `outcome` is None while it waits."""

    state: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect by what it is and how it ended."""

    effect_id: str
    kind: str
    purpose: str
    subject_id: str
    key: str
    state: str
    outcome_code: str | None


@dataclass(frozen=True, slots=True)
class InvoiceHead:
    """One invoice by its keys, and the seconds from the trigger's observation to the client's having it."""

    invoice_id: str
    number: str
    session_id: str
    client_name: str
    collection: str
    amount_due: Money
    processing_seconds: float | None


@dataclass(frozen=True, slots=True)
class SessionHead:
    session_id: str
    job_id: str
    name: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class BilledFrom:
    """What an invoice was made of: the records of this job (and the shared ones) up to the horizon."""

    source: str
    job_id: str
    record_horizon: int


class Overview:
    """Read-only, each question in a snapshot of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sessions_by_state(self) -> dict[str, int]:
        return self._counts(select(sessions.c.state, func.count()).group_by(sessions.c.state))

    def unfinished_effects(self, now: datetime) -> dict[tuple[str, str], int]:
        """(kind, state) -> how many, of those that are not done or given up; `announced`: a charge of a day to come."""
        open_states = ("ready", "in_flight", "unknown", "failed")
        is_announced = (
            (effects.c.kind == "charge")
            & (effects.c.state == "ready")
            & (effects.c.not_before > now)
            & effects.c.provider_reference.is_(None)
        )
        state = case((is_announced, "announced"), else_=effects.c.state).label("state")
        query = (
            select(effects.c.kind, state, func.count())
            .where(effects.c.state.in_(open_states))
            .group_by(effects.c.kind, state)
            .order_by(effects.c.kind, state)
        )
        return {(row[0], row[1]): int(row[2]) for row in self._all(query)}

    def commands_waiting(self) -> int:
        query = select(func.count()).select_from(commands).where(commands.c.state == "waiting")
        return int(self._all(query)[0][0])

    def cursor_moved_at(self, name: str) -> datetime | None:
        found = self._all(select(cursors.c.updated_at).where(cursors.c.name == name))
        return found[0].updated_at if found else None

    def pinned(self, name: str) -> str | None:
        """The value that was kept at the first start; None before it."""
        found = self._all(select(pins.c.value).where(pins.c.name == name))
        return str(found[0].value) if found else None

    def command(self, command_id: int) -> CommandState | None:
        query = select(commands.c.state, commands.c.outcome).where(commands.c.command_id == command_id)
        found = self._all(query)
        return CommandState(found[0].state, found[0].outcome) if found else None

    def attention_codes(self) -> list[tuple[str, str]]:
        """(subject, code) of what waits for a person."""
        query = select(attention.c.subject_id, attention.c.code).where(attention.c.resolved_at.is_(None))
        return [(row.subject_id, row.code) for row in self._all(query)]

    def effects(self) -> list[EffectRow]:
        columns = (effects.c.effect_id, effects.c.kind, effects.c.purpose, effects.c.subject_id, effects.c.key)
        query = select(*columns, effects.c.state, effects.c.outcome_code).order_by(effects.c.intended_seq)
        return [EffectRow(*row) for row in self._all(query)]

    def captured(self) -> Counter[str]:
        """What the payment provider captured, by currency, in minor units; and `count`, how many times."""
        query = select(payments.c.currency, payments.c.amount_minor).where(payments.c.provider == "stripe")
        sums: Counter[str] = Counter()
        for row in self._all(query):
            sums[row.currency] += row.amount_minor
            sums["count"] += 1
        return sums

    def payments_recorded(self) -> int:
        return int(self._all(select(func.count()).select_from(payments))[0][0])

    def granted_invoices(self) -> list[str]:
        """Those whose gallery is open: what was closed again is not."""
        return [row.invoice_id for row in self._all(select(grants.c.invoice_id).where(grants.c.revoked_at.is_(None)))]

    def invoices_of_money(self) -> dict[str, str]:
        """The invoice of each payment, refund and dispute that has one, by their ids."""
        keys = ((payments, "payment_id"), (refunds, "refund_id"), (disputes, "dispute_id"))
        queries = [
            select(table.c[key], table.c.invoice_id).where(table.c.invoice_id.is_not(None)) for table, key in keys
        ]
        return {row[0]: row[1] for query in queries for row in self._all(query)}

    def galleries_opened(self) -> int:
        """Two orders of one session open one gallery: opening it again moves only its expiry."""
        galleries = select(grants.c.host, grants.c.gallery_id).distinct().subquery()
        return int(self._all(select(func.count()).select_from(galleries))[0][0])

    def sessions(self) -> list[SessionHead]:
        columns = (sessions.c.session_id, sessions.c.job_id, sessions.c.name, sessions.c.state, sessions.c.reason)
        return [SessionHead(*row) for row in self._all(select(*columns).order_by(sessions.c.first_observed_at))]

    def invoices(self) -> list[InvoiceHead]:
        """All invoices in the order of their numbers. "Has it" is the mail's acceptance or the charge's end."""
        reached = and_(
            effects.c.subject_id == invoices.c.invoice_id,
            effects.c.state.in_(("done", "failed")),
            ((effects.c.kind == "mail") & (effects.c.purpose == "invoice")) | (effects.c.kind == "charge"),
        )
        at = select(func.min(effects.c.settled_at)).where(reached).scalar_subquery()
        query = select(invoices, at.label("reached_at")).order_by(invoices.c.series, invoices.c.sequence)
        return [_invoice(row) for row in self._all(query)]

    def billed_from(self, number: str) -> BilledFrom | None:
        """The job behind the invoice of this number, and the newest record that was known when it was billed."""
        query = (
            select(sessions.c.source, sessions.c.job_id, invoices.c.record_horizon)
            .join(invoices, invoices.c.session_id == sessions.c.session_id)
            .where(invoices.c.number == number)
        )
        found = self._all(query)
        return BilledFrom(*found[0]) if found else None

    def history(self, number: str) -> list[DomainEvent]:
        """What happened to the invoice of this number, its payments, refunds and galleries, the oldest first."""
        invoice_id = select(invoices.c.invoice_id).where(invoices.c.number == number).scalar_subquery()
        belongs = [
            select(table.c[key]).where(table.c.invoice_id == invoice_id)
            for table, key in ((payments, "payment_id"), (refunds, "refund_id"), (grants, "grant_id"))
        ]
        subject = domain_events.c.subject_id
        of_it = or_(subject.in_((number, invoice_id)), *(subject.in_(ids) for ids in belongs))
        query = select(domain_events).where(of_it).order_by(domain_events.c.seq)
        return [
            DomainEvent(row.event_id, row.kind, row.subject_id, row.at, row.actor, json.loads(row.body))
            for row in self._all(query)
        ]

    def _counts(self, query: Select[Any]) -> dict[str, int]:
        return {str(row[0]): int(row[1]) for row in self._all(query)}

    def _all(self, query: Select[Any]) -> list[Any]:
        with self._engine.connect() as connection, connection.begin():
            return _read(connection, query)


def _read(connection: Connection, query: Select[Any]) -> list[Any]:
    return list(connection.execute(query).all())


def _invoice(row: Any) -> InvoiceHead:
    reached_at: datetime | None = row.reached_at
    seconds = (reached_at - row.trigger_observed_at).total_seconds() if reached_at else None
    return InvoiceHead(
        row.invoice_id,
        row.number,
        row.session_id,
        row.client_name,
        row.collection,
        Money(row.amount_due_minor, row.currency),
        seconds,
    )
