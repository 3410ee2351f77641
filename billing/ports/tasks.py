"""What waits for people, as services see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.events import Task


class Tasks(Protocol):
    """What waits for a person: one for each subject and code."""

    def raise_task(self, subject_id: str, code: str, sentence: str, now: datetime) -> bool:
        """Open an item; False if the same (subject, code) is open already: then it says this sentence from now on."""
        ...

    def resolve(self, subject_id: str, code: str | None, by: str, now: datetime, but: Sequence[str] = ()) -> int:
        """Close this item of the subject, or all of them (`code` None) except the codes in `but`; returns how many."""
        ...

    def open_tasks(self) -> list[Task]: ...

    def open_of(self, subject_id: str) -> list[Task]: ...  # those about one subject

    def is_open(self, subject_id: str, *codes: str) -> bool:
        """Whether one of these codes is open of the subject; any at all, if none is named."""
        ...
