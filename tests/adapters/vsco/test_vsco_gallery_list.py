"""One reading of the list of galleries serves all jobs of a poll."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from vsco_records import OTHER, gallery, ulid, workspace

from billing.adapters.vsco.gallery_list import KEPT_SECONDS, GalleryList
from billing.domain.errors import TemporaryError

PAGE = 10


class Wall:
    """Thirty galleries, one changed on each of the first days of January, listed newest first."""

    def __init__(self) -> None:
        self.rows = [
            gallery(id=ulid(500 + n), jobId=OTHER, modified=f"2026-01-{n + 1:02d}T00:00:00Z") for n in range(30)
        ]
        self.pages: list[int] = []
        self.broken = False
        self.seconds = 0.0
        line = workspace(self._answer)
        self.galleries = GalleryList(line.client, PAGE, lambda: self.seconds)

    def since(self, day: int) -> set[str]:
        return {row["id"] for row in self.galleries.modified_since(datetime(2026, 1, day, tzinfo=UTC))}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.broken:
            return httpx.Response(500)
        page = int(request.url.params["page"])
        self.pages.append(page)
        newest_first = self.rows[::-1]
        items = newest_first[(page - 1) * PAGE : page * PAGE]
        meta = {"currentPage": page, "totalPages": -(-len(self.rows) // PAGE), "totalItems": len(self.rows)}
        return httpx.Response(200, json={"meta": meta | {"rows": len(items)}, "items": items})


def test_each_page_is_read_once_however_many_ask_and_however_far_back() -> None:
    wall = Wall()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(wall.since, [25, 25, 12, 28, 12, 25]))

    assert sorted(wall.pages) == [1, 2]
    for day, ids in zip([25, 25, 12, 28, 12, 25], found, strict=True):
        assert {ulid(500 + n) for n in range(day - 1, 30)} <= ids


def test_without_a_day_all_there_are_is_read() -> None:
    wall = Wall()

    assert len(wall.galleries.modified_since(None)) == 30
    assert wall.pages == [1, 2, 3]


def test_what_was_read_is_read_anew_after_a_while() -> None:
    wall = Wall()
    wall.since(28)
    wall.rows.append(gallery(id=ulid(600), jobId=OTHER, modified="2026-02-01T00:00:00Z"))

    soon = wall.since(28)
    wall.seconds = KEPT_SECONDS + 1
    later = wall.since(28)

    assert ulid(600) not in soon
    assert ulid(600) in later


def test_a_list_that_broke_off_is_begun_anew() -> None:
    wall = Wall()
    wall.since(28)
    wall.broken = True
    with pytest.raises(TemporaryError):
        wall.since(5)
    wall.broken = False

    found = wall.since(5)

    assert {ulid(500 + n) for n in range(4, 30)} <= found
    assert wall.pages[-3:] == [1, 2, 3]
