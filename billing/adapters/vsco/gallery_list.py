"""The studio's galleries, read newest first and only as far back as somebody asks, shared by all who ask at once.

The list has no filter by job: read for each job anew, a backlog of a thousand sessions reads it a thousand times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Lock
from typing import Any

from billing.adapters.vsco.client import VscoClient
from billing.adapters.vsco.fields import parse_instant
from billing.adapters.vsco.paging import NoList, paged
from billing.domain.errors import PermanentError

Body = dict[str, Any]

# Long enough for the jobs of one poll, short enough that a gallery which is attached meanwhile is seen by the next.
KEPT_SECONDS = 20.0


class GalleryList:
    """Safe to use from many threads: one reads on, the others wait for what it finds."""

    def __init__(self, client: VscoClient, page_size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._page_size, self._clock = client, page_size, clock
        self._lock = Lock()
        self._begun_at: float | None = None
        self._pages: Iterator[list[Body]] = iter(())
        self._found: list[Body] = []
        self._is_whole = False
        self._oldest: datetime | None = None
        self._refused: PermanentError | NoList | None = None

    def modified_since(self, since: datetime | None) -> list[Body]:
        """Every gallery modified at or after `since`, maybe older ones, one maybe twice; all if `since` is None.

        A refusal is kept as long as the list would be: it is no other for the next job.
        """
        with self._lock:
            if self._begun_at is None or self._clock() - self._begun_at > KEPT_SECONDS:
                self._begin()
            if self._refused:
                raise self._refused.with_traceback(None)
            try:
                while not self._reaches(since):
                    self._read_on()
            except (PermanentError, NoList) as error:
                self._refused = error
                raise
            except BaseException:
                self._begun_at = None  # a list that broke off is begun anew
                raise
            return list(self._found)

    def _begin(self) -> None:
        self._begun_at = self._clock()
        self._pages = paged(self._client, "/gallery", {"sortBy": "modified desc"}, self._page_size)
        self._found, self._is_whole, self._oldest, self._refused = [], False, None, None

    def _reaches(self, since: datetime | None) -> bool:
        return self._is_whole or (since is not None and self._oldest is not None and self._oldest < since)

    def _read_on(self) -> None:
        page = next(self._pages, None)
        if page is None:
            self._is_whole = True
            return
        self._found += page
        self._oldest = parse_instant(page[-1].get("modified")) or self._oldest
