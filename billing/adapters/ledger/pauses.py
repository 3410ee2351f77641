"""Reminders that rest, because a person or the pipeline said so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from billing.adapters.ledger.schema import pauses
from billing.adapters.ledger.statements import change, first, insert

_OPEN_PAUSES = update(pauses).where(pauses.c.invoice_id == bindparam("of_invoice"), pauses.c.lifted_at.is_(None))
_OPEN_PAUSES_BY = _OPEN_PAUSES.where(pauses.c.actor == bindparam("placed_by"))
_LAST_PAUSE_LIFTED = (
    select(pauses.c.lifted_at)
    .where(pauses.c.invoice_id == bindparam("invoice_id"), pauses.c.lifted_at.is_not(None))
    .order_by(pauses.c.pause_id.desc())
    .limit(1)
)
_IS_PAUSED = (
    select(pauses.c.pause_id)
    .where(pauses.c.invoice_id == bindparam("invoice_id"), pauses.c.lifted_at.is_(None))
    .limit(1)
)


class SqlReminderPauses:
    """Implements ports.ledger.ReminderPauses."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def pause(self, invoice_id: str, actor: str, reason: str, now: datetime) -> None:
        values = {"invoice_id": invoice_id, "actor": actor, "reason": reason, "paused_at": now}
        insert(self._connection, pauses, values)

    def resume(self, invoice_id: str, now: datetime, placed_by: str | None = None) -> None:
        if placed_by is None:
            change(self._connection, _OPEN_PAUSES, of_invoice=invoice_id, lifted_at=now)
        else:
            change(self._connection, _OPEN_PAUSES_BY, of_invoice=invoice_id, placed_by=placed_by, lifted_at=now)

    def resumed_at(self, invoice_id: str) -> datetime | None:
        row = first(self._connection, _LAST_PAUSE_LIFTED, invoice_id=invoice_id)
        return row.lifted_at if row else None

    def is_paused(self, invoice_id: str) -> bool:
        return first(self._connection, _IS_PAUSED, invoice_id=invoice_id) is not None
