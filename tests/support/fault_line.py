"""What the stand-ins share: a clock that stands still, and the line over which they are called, which can fail."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


class Crash(BaseException):
    """The process dies here: nothing in the application may catch it."""


@dataclass
class FakeClock:
    """Stands still until it is told to go."""

    at: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def go(self, **delta: float) -> None:
        self.at += timedelta(**delta)


@dataclass
class Line:
    """Faults ordered for calls by name: each is raised once, before the effect or after it."""

    faults: dict[tuple[str, str], list[BaseException]] = field(default_factory=lambda: defaultdict(list))
    calls: list[str] = field(default_factory=list)

    def fail(self, call: str, error: BaseException, when: str = "before", times: int = 1) -> None:
        self.faults[call, when] += [error] * times

    def pass_through(self, call: str, when: str = "before") -> None:
        if when == "before":
            self.calls.append(call)
        if self.faults[call, when]:
            raise self.faults[call, when].pop(0)
