"""What people have asked for, as services see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from billing.domain.events import Command


class Commands(Protocol):
    """The queue of what people asked for, each with an actor, a reason and a time."""

    def submit(
        self, name: str, arguments: Mapping[str, str | int | None], actor: str, reason: str, now: datetime
    ) -> int: ...

    def waiting(self) -> list[Command]: ...

    def is_waiting(self, command_id: int) -> bool: ...

    def settle(self, command_id: int, state: str, outcome: str, now: datetime) -> None: ...
