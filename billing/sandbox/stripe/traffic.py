"""How many requests came in, and the limit beyond which Stripe answers 429, https://docs.stripe.com/rate-limits."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable

from billing.sandbox.store import Body

_WINDOW_SECONDS = 1.0


class Traffic:
    """Counted by the machine's own clock, whatever the sandbox's says: a limit is about real seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._arrived: list[float] = []
        self._per_second: int | None = None
        self._counts = False  # a demo may run for weeks, and asks for no count
        self._refused = 0

    def admit(self) -> bool:
        """Count a request; False if it is beyond the limit."""
        if not self._counts:
            return True
        now = self._now()
        within = self._per_second is None or self._since(now - _WINDOW_SECONDS) < self._per_second
        self._arrived.append(now)
        self._refused += not within
        return within

    def limit(self, per_second: int | None) -> Body:
        """Begin to count anew, with this limit or none."""
        self._arrived, self._per_second, self._counts, self._refused = [], per_second, True, 0
        return self.counted()

    def counted(self) -> Body:
        """`seconds` between the first request and the last; the fullest window may begin anywhere."""
        first_last = self._arrived[-1] - self._arrived[0] if self._arrived else 0.0
        windows = (bisect_right(self._arrived, at + _WINDOW_SECONDS) - n for n, at in enumerate(self._arrived))
        return {
            "requests": len(self._arrived),
            "seconds": first_last,
            "most_in_a_second": max(windows, default=0),
            "refused": self._refused,
        }

    def _since(self, moment: float) -> int:
        return len(self._arrived) - bisect_right(self._arrived, moment)
