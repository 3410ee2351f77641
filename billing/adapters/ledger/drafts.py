"""Invoices without a number, which may still change or be discarded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from billing.adapters.ledger.schema import drafts, sessions
from billing.adapters.ledger.snapshots import invoice_of
from billing.adapters.ledger.statements import change, first, put, rows
from billing.domain import canonical
from billing.domain.invoices import Invoice
from billing.ports.ledger import DraftRow

_DRAFT = select(drafts).where(drafts.c.invoice_id == bindparam("invoice_id"))
_ALL_DRAFTS = select(drafts).order_by(drafts.c.created_at, drafts.c.invoice_id)
_DRAFTS = _ALL_DRAFTS.where(drafts.c.state == bindparam("state"))
_DRAFTS_OF_SESSION = _ALL_DRAFTS.where(drafts.c.session_id == bindparam("session_id"))
_DRAFTS_OF_ORDER = _ALL_DRAFTS.join(sessions, sessions.c.session_id == drafts.c.session_id).where(
    sessions.c.source == bindparam("source"), drafts.c.part == bindparam("part")
)
_THIS_DRAFT = update(drafts).where(drafts.c.invoice_id == bindparam("this"))


def _draft(row: Row[Any]) -> DraftRow:
    return DraftRow(invoice_of(row.snapshot), row.state, row.created_at, row.decided_by)


class SqlDrafts:
    """Implements ports.ledger.Drafts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, invoice: Invoice, state: str, now: datetime) -> None:
        values = {
            "invoice_id": invoice.invoice_id,
            "session_id": invoice.session_id,
            "part": invoice.part,
            "state": state,
            "snapshot": canonical.dumps(invoice),
            "created_at": now,
        }
        put(self._connection, drafts, values)

    def in_state(self, state: str) -> list[DraftRow]:
        return [_draft(row) for row in rows(self._connection, _DRAFTS, state=state)]

    def get(self, invoice_id: str) -> DraftRow | None:
        row = first(self._connection, _DRAFT, invoice_id=invoice_id)
        return _draft(row) if row else None

    def of_session(self, session_id: str) -> list[DraftRow]:
        return [_draft(row) for row in rows(self._connection, _DRAFTS_OF_SESSION, session_id=session_id)]

    def of_order(self, source: str, part: str) -> list[DraftRow]:
        return [_draft(row) for row in rows(self._connection, _DRAFTS_OF_ORDER, source=source, part=part)]

    def decide(self, invoice_id: str, state: str, actor: str, now: datetime) -> None:
        change(self._connection, _THIS_DRAFT, this=invoice_id, state=state, decided_by=actor, decided_at=now)
