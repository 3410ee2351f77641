"""When to start a job for the same work again: at once for new work, ever later for work that stays."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_WAIT_SECONDS = 10
LONGEST_WAIT_SECONDS = 600


def is_within(since: float, seconds: float, now: float) -> bool:
    """Whether it is not so long ago yet. What lies ahead was noted by a clock that was set back since: it is over."""
    return 0 <= now - since < seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """What was last started for, how often, and when (seconds since 1970).

    Work that a run did not finish (a daily limit, an outage, a session that nobody has mended) would otherwise start a
    run every few seconds, for ever. A run_key would not do: a keyed run that failed is never started again.
    """

    work: str = ""
    tries: int = 0
    started_at: float = 0.0

    def start(self, work: str, now: float) -> Patience | None:
        """The state after starting now; None to wait."""
        if work != self.work:
            return Patience(work, 1, now)
        if is_within(self.started_at, self.wait_seconds, now):
            return None
        return Patience(work, self.tries + 1, now)

    @property
    def wait_seconds(self) -> int:
        return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS << min(self.tries - 1, 10)) if self.tries else 0
