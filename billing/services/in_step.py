"""Work that follows other work, done beside it: while sessions are billed, the first of them are rendered already."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

Result = TypeVar("Result")
Follower = Callable[[bool], int]

PAUSE_SECONDS = 0.2  # how long a follower that found nothing waits for more


def in_step(first: Callable[[], Result], *followers: Follower) -> Result:
    """Run `first`, and beside it each follower again and again, in the order of the work; returns what `first` returns.

    A follower is told whether all that comes before it is over, and says how much it did. It ends when it finds nothing
    to do after that. What one of them raises is raised at the end, when the others have done what they could.
    """
    with ThreadPoolExecutor(1 + len(followers)) as pool:
        leading = pool.submit(first)
        following: list[Future[None]] = []
        for follower in followers:
            before: Future[Any] = following[-1] if following else leading
            following.append(pool.submit(_keep_up, follower, before))
    for finished in following:
        finished.result()
    return leading.result()


def _keep_up(follower: Follower, before: Future[Any]) -> None:
    while True:
        is_over = before.done()
        if follower(is_over) == 0:
            if is_over:
                return
            wait([before], timeout=PAUSE_SECONDS)
