"""The disks by role: what lies there, how much room is left, and whether it can be written at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """One disk. `refused`: what the machine said against writing to the ledger there, None if it said nothing."""

    holds: str  # "the ledger and the figures"
    folder: str
    free_bytes: int
    reserve_bytes: int
    refused: str | None = None


class Disks(Protocol):
    """Looks without changing anything of ours: a ledger that cannot be written cannot tell of it."""

    def look(self) -> Sequence[Place]: ...
