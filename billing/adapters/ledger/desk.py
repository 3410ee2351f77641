"""What waits for people, what people asked for, and which galleries are open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, update

from billing.adapters.ledger.own_order import next_number
from billing.adapters.ledger.schema import attention, commands, grants, pins
from billing.adapters.ledger.statements import change, first, insert_once, rows
from billing.domain import canonical
from billing.domain.events import AttentionItem, Command
from billing.domain.lengths import SENTENCE_MAX, shortened
from billing.ports.ledger import GrantRow
from billing.ports.outside import GalleryAccess

_OPEN_OF_SUBJECT = update(attention).where(
    attention.c.subject_id == bindparam("subject"), attention.c.resolved_at.is_(None)
)
_OPEN = _OPEN_OF_SUBJECT.where(attention.c.code == bindparam("of_code"))
_SAYS_ELSE = _OPEN.where(attention.c.sentence != bindparam("says"))
_ALL_BUT = _OPEN_OF_SUBJECT.where(attention.c.code.not_in(bindparam("but", expanding=True)))
_OPEN_ITEMS = select(attention).where(attention.c.resolved_at.is_(None)).order_by(attention.c.attention_id)
_IS_OPEN = (
    select(attention.c.attention_id)
    .where(attention.c.subject_id == bindparam("subject_id"), attention.c.code == bindparam("code"))
    .where(attention.c.resolved_at.is_(None))
)
_OPEN_ITEMS_OF = _OPEN_ITEMS.where(attention.c.subject_id == bindparam("subject_id"))
_SUBMIT = commands.insert().returning(commands.c.command_id)
_WAITING = select(commands).where(commands.c.state == "waiting").order_by(commands.c.command_id)
_STATE = select(commands.c.state).where(commands.c.command_id == bindparam("command_id"))
_COMMAND = update(commands).where(commands.c.command_id == bindparam("this"))
_PINNED = select(pins.c.value).where(pins.c.name == bindparam("name"))


class SqlDesk:
    """Implements ports.ledger.Desk."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def raise_attention(self, subject_id: str, code: str, sentence: str, now: datetime) -> bool:
        sentence = shortened(sentence, SENTENCE_MAX)
        values = {"subject_id": subject_id, "code": code, "sentence": sentence, "opened_at": now}
        if insert_once(self._connection, attention, values):
            return True
        change(self._connection, _SAYS_ELSE, subject=subject_id, of_code=code, says=sentence, sentence=sentence)
        return False

    def resolve_attention(
        self, subject_id: str, code: str | None, by: str, now: datetime, but: Sequence[str] = ()
    ) -> int:
        resolved = {"subject": subject_id, "resolved_at": now, "resolved_by": by}
        if code is None:
            return change(self._connection, _ALL_BUT, but=list(but), **resolved)
        return 0 if code in but else change(self._connection, _OPEN, of_code=code, **resolved)

    def open_items(self) -> list[AttentionItem]:
        return [
            AttentionItem(row.attention_id, row.subject_id, row.code, row.sentence, row.opened_at)
            for row in rows(self._connection, _OPEN_ITEMS)
        ]

    def is_open(self, subject_id: str, code: str) -> bool:
        return first(self._connection, _IS_OPEN, subject_id=subject_id, code=code) is not None

    def open_of(self, subject_id: str) -> list[AttentionItem]:
        return [
            AttentionItem(row.attention_id, row.subject_id, row.code, row.sentence, row.opened_at)
            for row in rows(self._connection, _OPEN_ITEMS_OF, subject_id=subject_id)
        ]

    def submit(
        self, name: str, arguments: Mapping[str, str | int | None], actor: str, reason: str, now: datetime
    ) -> int:
        values = {
            "name": name,
            "arguments": canonical.dumps(dict(arguments)),
            "actor": actor,
            "reason": reason,
            "submitted_at": now,
            "state": "waiting",
        }
        return int(self._connection.execute(_SUBMIT, values).scalar_one())

    def waiting_commands(self) -> list[Command]:
        return [
            Command(row.command_id, row.name, json.loads(row.arguments), row.actor, row.reason, row.submitted_at)
            for row in rows(self._connection, _WAITING)
        ]

    def is_waiting(self, command_id: int) -> bool:
        return self._connection.execute(_STATE, {"command_id": command_id}).scalar() == "waiting"

    def settle_command(self, command_id: int, state: str, outcome: str, now: datetime) -> None:
        change(self._connection, _COMMAND, this=command_id, state=state, outcome=outcome, settled_at=now)

    def pin(self, name: str, value: str, now: datetime) -> str:
        insert_once(self._connection, pins, {"name": name, "value": value, "pinned_at": now})
        return str(self._connection.execute(_PINNED, {"name": name}).scalar_one())

    def pinned(self, name: str) -> str | None:
        value = self._connection.execute(_PINNED, {"name": name}).scalar()
        return None if value is None else str(value)


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
