"""Holds, heartbeats and reconciliations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, update

from billing.adapters.ledger.own_order import LEDGER
from billing.adapters.ledger.schema import (
    differences,
    effects,
    heartbeats,
    holds,
    ledger_clock,
    pins,
    reconciliations,
    server_ends,
)
from billing.adapters.ledger.statements import change, first, insert, insert_once, put, rows
from billing.ports.operations import ClockSeen, Difference, Heartbeat, Hold, Reconciliation, ServerEnd

_OPEN_HOLDS = select(holds).where(holds.c.lifted_at.is_(None)).order_by(holds.c.hold_id)
_LAST_HOLD = (
    select(holds.c.placed_at).where(holds.c.cause == bindparam("cause")).order_by(holds.c.hold_id.desc()).limit(1)
)
_CLOCK = select(ledger_clock).where(ledger_clock.c.name == LEDGER)
_NOW = bindparam("now", type_=ledger_clock.c.latest_at.type)
_CLOCK_SHOWS = (
    update(ledger_clock)
    .where(ledger_clock.c.name == LEDGER)
    .values(shown_at=_NOW, latest_at=case((ledger_clock.c.latest_at < _NOW, _NOW), else_=ledger_clock.c.latest_at))
)
_CLOCK_WENT_BACK = update(ledger_clock).where(ledger_clock.c.name == LEDGER).values(shown_at=_NOW, set_back_at=_NOW)
_CLOCK_IS_RIGHT = (
    update(ledger_clock).where(ledger_clock.c.name == LEDGER).values(shown_at=_NOW, latest_at=_NOW, set_back_at=None)
)
_LATEST = select(ledger_clock.c.latest_at).where(ledger_clock.c.name == LEDGER).scalar_subquery()
# A pause between tries is over; what was never tried and is meant for a later moment than any that was seen keeps it.
_DUE_BEFORE = (
    update(effects)
    .where(effects.c.state.in_(["ready", "in_flight", "unknown"]), effects.c.not_before > _NOW)
    .where((effects.c.attempts > 0) | (effects.c.not_before <= _LATEST))
    .values(not_before=_NOW)
)
_LEASES_END = (
    update(effects)
    .where(effects.c.state.in_(["in_flight", "unknown"]), effects.c.lease_until > bindparam("until"))
    .values(lease_until=bindparam("until"))
)
_ENDS_SINCE = select(server_ends).where(server_ends.c.ended_at >= bindparam("since")).order_by(server_ends.c.end_id)
_LIFT = update(holds).where(holds.c.cause == bindparam("of_cause"), holds.c.lifted_at.is_(None))


_PINNED = select(pins.c.value).where(pins.c.name == bindparam("name"))


class SqlOperations:
    """Implements ports.operations.Operations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place_hold(self, cause: str, reason: str, actor: str, now: datetime) -> bool:
        return insert_once(
            self._connection, holds, {"cause": cause, "reason": reason, "actor": actor, "placed_at": now}
        )

    def lift_hold(self, cause: str, actor: str, now: datetime) -> bool:
        return change(self._connection, _LIFT, of_cause=cause, lifted_at=now, lifted_by=actor) > 0

    def holds(self) -> list[Hold]:
        found = rows(self._connection, _OPEN_HOLDS)
        return [Hold(row.cause, row.reason, row.actor, row.placed_at) for row in found]

    def last_hold(self, cause: str) -> datetime | None:
        row = first(self._connection, _LAST_HOLD, cause=cause)
        return row.placed_at if row else None

    def beat(self, name: str, every: timedelta, now: datetime) -> None:
        put(
            self._connection,
            heartbeats,
            {"name": name, "every_seconds": int(every.total_seconds()), "succeeded_at": now},
        )

    def heartbeats(self) -> list[Heartbeat]:
        query = select(heartbeats).order_by(heartbeats.c.name)
        return [
            Heartbeat(row.name, timedelta(seconds=row.every_seconds), row.succeeded_at)
            for row in rows(self._connection, query)
        ]

    def clock(self) -> ClockSeen | None:
        row = first(self._connection, _CLOCK)
        return ClockSeen(row.latest_at, row.shown_at, row.set_back_at) if row else None

    def clock_shows(self, now: datetime) -> None:
        insert_once(self._connection, ledger_clock, {"name": LEDGER, "seq": 0, "latest_at": now})
        change(self._connection, _CLOCK_SHOWS, now=now)

    def clock_went_back(self, now: datetime, leases_until: datetime) -> None:
        change(self._connection, _DUE_BEFORE, now=now)
        change(self._connection, _LEASES_END, until=leases_until)
        change(self._connection, _CLOCK_WENT_BACK, now=now)

    def clock_is_right(self, now: datetime) -> None:
        change(self._connection, _DUE_BEFORE, now=now)
        change(self._connection, _CLOCK_IS_RIGHT, now=now)

    def add_server_end(self, end: ServerEnd) -> None:
        insert(self._connection, server_ends, asdict(end))

    def server_ends(self, since: datetime) -> list[ServerEnd]:
        return [
            ServerEnd(row.server, row.ended_at, row.exit_code, row.signal, row.lived_seconds)
            for row in rows(self._connection, _ENDS_SINCE, since=since)
        ]

    def record_reconciliation(self, done: Reconciliation, found: Sequence[Difference], now: datetime) -> None:
        values = {
            "scope": done.scope,
            "started_at": done.started_at,
            "finished_at": done.finished_at,
            "compared": done.compared,
            "differences": done.differences,
        }
        added = reconciliations.insert().values(values).returning(reconciliations.c.reconciliation_id)
        number = int(self._connection.execute(added).scalar_one())
        self._close_all_but(done.scope, {_identity(difference) for difference in found}, now)
        for difference in found:
            self._open(difference, number, now)

    def open_differences(self, scope: str | None = None) -> list[Difference]:
        where = [differences.c.closed_at.is_(None), *([differences.c.scope == scope] if scope else [])]
        query = select(differences).where(*where).order_by(differences.c.difference_id)
        return [_difference(row) for row in rows(self._connection, query)]

    def last_reconciliation(self, scope: str) -> Reconciliation | None:
        newest = select(func.max(reconciliations.c.reconciliation_id)).where(reconciliations.c.scope == scope)
        query = select(reconciliations).where(reconciliations.c.reconciliation_id == newest.scalar_subquery())
        row = first(self._connection, query)
        if row is None:
            return None
        return Reconciliation(row.scope, row.started_at, row.finished_at, row.compared, row.differences)

    def _open(self, difference: Difference, number: int, now: datetime) -> None:
        told = {
            "currency": difference.currency,
            "ledger_minor": difference.ledger_minor,
            "outside_minor": difference.outside_minor,
            "sentence": difference.sentence,
            "reconciliation_id": number,
        }
        values = {
            "scope": difference.scope,
            "subject_id": difference.subject_id,
            "cause": difference.cause,
            "found_at": now,
            **told,
        }
        if not insert_once(self._connection, differences, values):
            where = (
                differences.c.scope == difference.scope,
                differences.c.subject_id == difference.subject_id,
                differences.c.cause == difference.cause,
                differences.c.closed_at.is_(None),
            )
            self._connection.execute(update(differences).where(*where).values(told))

    def _close_all_but(self, scope: str, kept: set[tuple[str, str]], now: datetime) -> None:
        query = select(differences).where(differences.c.scope == scope, differences.c.closed_at.is_(None))
        for row in rows(self._connection, query):
            if (row.subject_id, row.cause) not in kept:
                closed = update(differences).where(differences.c.difference_id == row.difference_id)
                self._connection.execute(closed.values(closed_at=now))

    def pin(self, name: str, value: str, now: datetime) -> str:
        insert_once(self._connection, pins, {"name": name, "value": value, "pinned_at": now})
        return str(self._connection.execute(_PINNED, {"name": name}).scalar_one())

    def pinned(self, name: str) -> str | None:
        value = self._connection.execute(_PINNED, {"name": name}).scalar()
        return None if value is None else str(value)


def _identity(difference: Difference) -> tuple[str, str]:
    return difference.subject_id, difference.cause


def _difference(row: Any) -> Difference:
    return Difference(
        row.scope, row.subject_id, row.cause, row.sentence, row.currency, row.ledger_minor, row.outside_minor
    )
