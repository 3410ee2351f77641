"""How long what has died is left before it is started again: pure."""

from __future__ import annotations

from collections.abc import Sequence

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
STEADY_SECONDS = 120.0  # whoever lived that long had begun well: its next pause is the first again
WELL_AGAIN_SECONDS = 600.0  # and whoever lives that long is well again


def pause(lives: Sequence[float]) -> float:
    """Seconds to wait after the last of these lives, each in seconds and oldest first: twice as long each time.

    >>> [pause([5.0] * times) for times in (1, 2, 3, 7, 20)], pause([5.0, 5.0, 500.0])
    ([1.0, 2.0, 4.0, 60.0, 60.0], 1.0)
    """
    short = 0
    for life in reversed(lives):
        if life >= STEADY_SECONDS:
            break
        short += 1
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(max(short - 1, 0), 16), LONGEST_PAUSE_SECONDS))
