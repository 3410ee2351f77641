"""What people have asked for, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from billing.adapters.ledger.schema import commands
from billing.adapters.ledger.statements import change, rows
from billing.domain import canonical
from billing.domain.events import Command

_SUBMIT = commands.insert().returning(commands.c.command_id)
_WAITING = select(commands).where(commands.c.state == "waiting").order_by(commands.c.command_id)
_STATE = select(commands.c.state).where(commands.c.command_id == bindparam("command_id"))
_COMMAND = update(commands).where(commands.c.command_id == bindparam("this"))


class SqlCommands:
    """Implements ports.ledger.Commands."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

    def waiting(self) -> list[Command]:
        return [
            Command(row.command_id, row.name, json.loads(row.arguments), row.actor, row.reason, row.submitted_at)
            for row in rows(self._connection, _WAITING)
        ]

    def is_waiting(self, command_id: int) -> bool:
        return self._connection.execute(_STATE, {"command_id": command_id}).scalar() == "waiting"

    def settle(self, command_id: int, state: str, outcome: str, now: datetime) -> None:
        change(self._connection, _COMMAND, this=command_id, state=state, outcome=outcome, settled_at=now)
