"""What a long form hands in: one row of the table that `make reliability` prints.

Every long form is a module of this folder with `prove(long, progress)`; `__main__` runs them one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Proof:
    """`what` was tried `tried` times and did not hold in `violations`; `reproduce` is the command that shows any."""

    what: str
    tried: int
    violations: tuple[str, ...]  # one sentence each: which case, and what was wrong
    seconds: float
    reproduce: str

    @property
    def holds(self) -> bool:
        """Nothing tried proves nothing."""
        return self.tried > 0 and not self.violations


class LongForm(Protocol):
    """`long`: all of it, for hours; else what fits into minutes; `progress` takes a sentence now and then."""

    def __call__(self, long: bool, progress: Callable[[str], None]) -> list[Proof]: ...


class Count:
    """Counts cases and their violations while they run, and takes the time."""

    def __init__(self, what: str, reproduce: str) -> None:
        self.what, self.reproduce = what, reproduce
        self.tried = 0
        self.violations: list[str] = []
        self._began = time.perf_counter()

    def case(self, violations: list[str] | tuple[str, ...] = (), tried: int = 1) -> None:
        self.tried += tried
        self.violations.extend(violations)

    def proof(self) -> Proof:
        seconds = time.perf_counter() - self._began
        return Proof(self.what, self.tried, tuple(self.violations), seconds, self.reproduce)
