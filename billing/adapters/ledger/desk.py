"""What waits for people, what people asked for, and which galleries are open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from billing.adapters.ledger.schema import attention, commands, grants, pins
from billing.adapters.ledger.statements import insert_once, rows
from billing.domain import canonical
from billing.domain.events import AttentionItem, Command
from billing.ports.ledger import GrantRow
from billing.ports.outside import GalleryAccess


class SqlDesk:
    """Implements ports.ledger.Desk."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def raise_attention(self, subject_id: str, code: str, sentence: str, now: datetime) -> bool:
        values = {"subject_id": subject_id, "code": code, "sentence": sentence, "opened_at": now}
        if insert_once(self._connection, attention, values):
            return True
        this = (attention.c.subject_id == subject_id, attention.c.code == code, attention.c.resolved_at.is_(None))
        says_else = attention.c.sentence != sentence
        self._connection.execute(update(attention).where(*this, says_else).values(sentence=sentence))
        return False

    def resolve_attention(
        self, subject_id: str, code: str | None, by: str, now: datetime, but: Sequence[str] = ()
    ) -> int:
        where = [attention.c.subject_id == subject_id, attention.c.resolved_at.is_(None), attention.c.code.not_in(but)]
        if code is not None:
            where.append(attention.c.code == code)
        return self._connection.execute(
            update(attention).where(*where).values(resolved_at=now, resolved_by=by)
        ).rowcount

    def open_items(self) -> list[AttentionItem]:
        query = select(attention).where(attention.c.resolved_at.is_(None)).order_by(attention.c.attention_id)
        return [
            AttentionItem(row.attention_id, row.subject_id, row.code, row.sentence, row.opened_at)
            for row in rows(self._connection, query)
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
        added = self._connection.execute(commands.insert().values(values).returning(commands.c.command_id))
        return int(added.scalar_one())

    def waiting_commands(self) -> list[Command]:
        query = select(commands).where(commands.c.state == "waiting").order_by(commands.c.command_id)
        return [
            Command(row.command_id, row.name, json.loads(row.arguments), row.actor, row.reason, row.submitted_at)
            for row in rows(self._connection, query)
        ]

    def is_waiting(self, command_id: int) -> bool:
        query = select(commands.c.state).where(commands.c.command_id == command_id)
        return self._connection.execute(query).scalar() == "waiting"

    def settle_command(self, command_id: int, state: str, outcome: str, now: datetime) -> None:
        values = {"state": state, "outcome": outcome, "settled_at": now}
        self._connection.execute(update(commands).where(commands.c.command_id == command_id).values(values))

    def pin(self, name: str, value: str, now: datetime) -> str:
        insert_once(self._connection, pins, {"name": name, "value": value, "pinned_at": now})
        return str(self._connection.execute(select(pins.c.value).where(pins.c.name == name)).scalar_one())

    def pinned(self, name: str) -> str | None:
        value = self._connection.execute(select(pins.c.value).where(pins.c.name == name)).scalar()
        return None if value is None else str(value)


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
        }
        insert_once(self._connection, grants, values)

    def of_invoice(self, invoice_id: str) -> list[GrantRow]:
        return self._open(grants.c.invoice_id == invoice_id)

    def is_open(self, grant_id: str) -> bool:
        return bool(self._open(grants.c.grant_id == grant_id))

    def open_of_session(self, session_id: str) -> list[GrantRow]:
        return self._open(grants.c.session_id == session_id)

    def last_revoked(self, session_id: str) -> str | None:
        query = (
            select(grants.c.grant_id)
            .where(grants.c.session_id == session_id, grants.c.revoked_at.is_not(None))
            .order_by(grants.c.revoked_at.desc(), grants.c.grant_id)
        )
        return self._connection.execute(query.limit(1)).scalar()

    def revoke(self, grant_id: str, now: datetime) -> bool:
        open_ = update(grants).where(grants.c.grant_id == grant_id, grants.c.revoked_at.is_(None))
        return self._connection.execute(open_.values(revoked_at=now)).rowcount == 1

    def _open(self, where: ColumnElement[bool]) -> list[GrantRow]:
        query = select(grants).where(where, grants.c.revoked_at.is_(None)).order_by(grants.c.grant_id)
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
            for row in rows(self._connection, query)
        ]
