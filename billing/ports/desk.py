"""What waits for people, and the door through which they act, as services see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.events import AttentionItem, Command


class Desk(Protocol):
    """What waits for people, and what people have asked for."""

    def raise_attention(self, subject_id: str, code: str, sentence: str, now: datetime) -> bool:
        """Open an item; False if the same (subject, code) is open already: then it says this sentence from now on."""
        ...

    def resolve_attention(
        self, subject_id: str, code: str | None, by: str, now: datetime, but: Sequence[str] = ()
    ) -> int:
        """Close this item of the subject, or all of them (`code` None) except the codes in `but`; returns how many."""
        ...

    def open_items(self) -> list[AttentionItem]: ...

    def open_of(self, subject_id: str) -> list[AttentionItem]: ...  # those about one subject

    def is_open(self, subject_id: str, code: str) -> bool: ...

    def submit(
        self, name: str, arguments: Mapping[str, str | int | None], actor: str, reason: str, now: datetime
    ) -> int: ...

    def waiting_commands(self) -> list[Command]: ...

    def is_waiting(self, command_id: int) -> bool: ...

    def settle_command(self, command_id: int, state: str, outcome: str, now: datetime) -> None: ...

    def pin(self, name: str, value: str, now: datetime) -> str:
        """Keep a value on first sight and return the pinned one ever after."""
        ...

    def pinned(self, name: str) -> str | None: ...
