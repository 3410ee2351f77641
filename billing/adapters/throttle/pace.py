"""A token bucket by the generic cell rate algorithm: all its state is the moment at which the bucket is full again.

The moment is on the monotonic clock, which the processes of one machine share and nobody sets. Between calls lies a
little more than the limit asks for, so that a call which is late may be caught up with and still no window of one
second, wherever it begins, holds more calls than the limit.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

from billing.adapters.throttle.shared_moment import SharedMoment
from billing.domain.errors import TemporaryError

_SECOND = 1_000_000_000  # nanoseconds
# Of the limit. A second then has 75 ms to spare: 10 for a call that comes late and is caught up with, the others for
# what delays one request more than the next on its way to the provider, who counts them where they arrive.
_USED = 0.93
_LATE_NS = 10_000_000
# Nobody holds a lease that long for a turn: what has to wait longer is told to come back.
_PATIENCE_NS = 10 * _SECOND
LONGEST_PAUSE_SECONDS = 600
_UNSAID_PAUSE_SECONDS = 1


class Pace:
    """Lets at most `per_second` calls through in any second. Safe to use from many threads."""

    def __init__(
        self,
        who: str,
        per_second: float,
        path: Path | None = None,
        *,
        now: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`path` is the file by which processes share the limit; without one, or where it cannot be, each has it."""
        self._who = who
        self._spacing_ns = math.ceil(_SECOND / (per_second * _USED))
        self._moment = SharedMoment(path, furthest_ns=LONGEST_PAUSE_SECONDS * _SECOND + _PATIENCE_NS)
        self._now, self._sleep = now, sleep
        self._queue = threading.Lock()

    def wait(self) -> None:
        """Return when it is this call's turn. TemporaryError rate_limited if that is too far away: nothing was sent."""
        with self._queue:
            while (ahead_ns := self._moment.change(self._now, self._take)) > 0:
                if ahead_ns > _PATIENCE_NS:
                    raise self._paused(ahead_ns)
                self._sleep(ahead_ns / _SECOND)

    def slow_down(self, seconds: int | None) -> None:
        """The provider asks everybody for a pause; None where it does not say how long."""
        pause = min(_UNSAID_PAUSE_SECONDS if seconds is None else seconds, LONGEST_PAUSE_SECONDS)

        def put_off(full_at: int, now: int) -> tuple[int, int]:
            return max(full_at, now + pause * _SECOND + _LATE_NS), 0

        self._moment.change(self._now, put_off)

    def _take(self, full_at: int, now: int) -> tuple[int, int]:
        """(the next moment, how long to wait): a turn is taken if nothing is to be waited for."""
        ahead = full_at - _LATE_NS - now
        return (full_at, ahead) if ahead > 0 else (max(full_at, now) + self._spacing_ns, 0)

    def _paused(self, ahead_ns: int) -> TemporaryError:
        seconds = math.ceil(ahead_ns / _SECOND)
        return TemporaryError("rate_limited", f"{self._who} has asked for a pause; nothing was sent.", seconds)
