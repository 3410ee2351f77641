"""Which galleries are open, and for which invoice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update

from billing.adapters.ledger.own_order import next_number
from billing.adapters.ledger.schema import grants
from billing.adapters.ledger.statements import change, first, insert_once, rows
from billing.ports.ledger import GrantRow
from billing.ports.outside import GalleryAccess

_OPEN_GRANTS = select(grants).where(grants.c.revoked_at.is_(None)).order_by(grants.c.grant_id)
_GRANTS_OF_INVOICE = _OPEN_GRANTS.where(grants.c.invoice_id == bindparam("invoice_id"))
_GRANTS_OF_SESSION = _OPEN_GRANTS.where(grants.c.session_id == bindparam("session_id"))
_GRANT = _OPEN_GRANTS.where(grants.c.grant_id == bindparam("grant_id"))
_INVOICE_OF = select(grants.c.invoice_id).where(grants.c.grant_id == bindparam("grant_id"))
_LAST_REVOKED = (
    select(grants.c.grant_id)
    .where(grants.c.session_id == bindparam("session_id"), grants.c.revoked_at.is_not(None))
    .order_by(grants.c.revoked_seq.desc(), grants.c.grant_id)
    .limit(1)
)
_REVOKE = update(grants).where(grants.c.grant_id == bindparam("this"), grants.c.revoked_at.is_(None))


class SqlGrants:
    """Implements ports.ledger.Grants."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, grant: GrantRow, session_id: str) -> None:
        values = {
            "grant_id": grant.grant_id,
            "invoice_id": grant.invoice_id,
            "session_id": session_id,
            "host": grant.host,
            "gallery_id": grant.gallery_id,
            "gallery_name": grant.gallery_name,
            "url": grant.access.url,
            "password": grant.access.password,
            "pin": grant.access.pin,
            "expires_on": grant.access.expires_on,
            "granted_at": grant.granted_at,
            "granted_seq": next_number(self._connection, grant.granted_at),
        }
        insert_once(self._connection, grants, values)

    def of_invoice(self, invoice_id: str) -> list[GrantRow]:
        return self._open(_GRANTS_OF_INVOICE, invoice_id=invoice_id)

    def is_open(self, grant_id: str) -> bool:
        return bool(self._open(_GRANT, grant_id=grant_id))

    def invoice_of(self, grant_id: str) -> str | None:
        row = first(self._connection, _INVOICE_OF, grant_id=grant_id)
        return str(row.invoice_id) if row else None

    def open_of_session(self, session_id: str) -> list[GrantRow]:
        return self._open(_GRANTS_OF_SESSION, session_id=session_id)

    def last_revoked(self, session_id: str) -> str | None:
        row = first(self._connection, _LAST_REVOKED, session_id=session_id)
        return row.grant_id if row else None

    def revoke(self, grant_id: str, now: datetime) -> bool:
        revoked = {"revoked_at": now, "revoked_seq": next_number(self._connection, now)}
        return change(self._connection, _REVOKE, this=grant_id, **revoked) == 1

    def _open(self, query: Select[Any], **values: str) -> list[GrantRow]:
        return [
            GrantRow(
                row.grant_id,
                row.invoice_id,
                row.host,
                row.gallery_id,
                row.gallery_name,
                GalleryAccess(row.url, row.password, row.pin, row.expires_on),
                row.granted_at,
            )
            for row in rows(self._connection, query, **values)
        ]
