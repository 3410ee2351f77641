"""Run as a script beside the supervisor: when that is gone, however it went, all groups that it started are ended.

    python -I -S guardian.py GRACE_SECONDS

It reads from a pipe whose other end only the supervisor holds: "+123" for a group that began, "-123" for one that is
gone. The pipe's end is the supervisor's. Descriptors that it was handed (the lock of the ledger) stay open until all
groups are gone, so that nobody starts anew beside what is still ending.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

_LOOK_EVERY_SECONDS = 0.1
_UNMOVED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def send(group: int, number: int) -> bool:
    """Signal a process group, 0 only asks; False if there is none."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # what is there is not ours: the number is used again
        return False
    return True


def end(groups: Iterable[int], grace_seconds: float) -> None:
    """Ask all to end, and after a grace make them."""
    left = [group for group in groups if send(group, signal.SIGTERM)]
    deadline = time.monotonic() + grace_seconds
    while left and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_SECONDS)
        left = [group for group in left if send(group, 0)]
    for group in left:
        send(group, signal.SIGKILL)


def main(grace_seconds: float) -> None:
    for number in _UNMOVED_BY:
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, None] = {}
    for line in sys.stdin:
        if line.startswith("+"):
            groups[int(line[1:])] = None
        else:
            groups.pop(int(line[1:]), None)
    end(groups, grace_seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]))
