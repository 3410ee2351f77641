"""Lists that change while they are read, and lists that make no sense."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import examples
from vsco_records import JOB, stamped, ulid, workspace

from billing.domain.errors import TemporaryError
from billing.ports.outside import RawRecord

START = datetime(2026, 3, 1, tzinfo=UTC)
SIZE = 3


class MovingList:
    """GET /job over rows, newest change first; `between` runs after each page that was served."""

    def __init__(self, count: int, between: Callable[[MovingList], None] | None = None) -> None:
        self.rows = [ulid(number) for number in range(count, 0, -1)]
        self.changed = {id_: START + timedelta(minutes=int(id_)) for id_ in self.rows}
        self.asked: list[dict[str, str]] = []
        self._between = between

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.asked.append(query)
        page, size = int(query["page"]), int(query["pageSize"])
        shown = self.rows[(page - 1) * size : page * size]
        items = [stamped(id=id_, modified=self.changed[id_].isoformat()) for id_ in shown]
        meta = {
            "currentPage": page,
            "totalItems": len(self.rows),
            "totalPages": -(-len(self.rows) // size),
            "rows": size,
        }
        if self._between:
            self._between(self)
        return httpx.Response(200, json={"meta": meta, "type": "job-collection", "items": items})

    def touch(self, id_: str) -> None:
        """Change or add a row: it goes to the top."""
        self.rows = [id_, *(row for row in self.rows if row != id_)]
        self.changed[id_] = max(self.changed.values(), default=START) + timedelta(minutes=1)

    def remove(self, id_: str) -> None:
        self.rows.remove(id_)

    def read(self, since: datetime | None = None, max_pages: int | None = None) -> list[list[RawRecord]]:
        return list(workspace(self, page_size=SIZE).changed_jobs(since, max_pages))


def ids(pages: list[list[RawRecord]]) -> list[str]:
    return [record.source_id for page in pages for record in page]


def test_a_quiet_list_is_read_once_newest_first():
    jobs = MovingList(7)

    found = jobs.read()

    assert ids(found) == [ulid(number) for number in range(7, 0, -1)]
    assert [len(page) for page in found] == [3, 3, 1]
    assert jobs.asked[0] == {"sortBy": "modified desc", "includeClosed": "true", "page": "1", "pageSize": "3"}
    assert len(jobs.asked) == 3


def test_a_full_last_page_needs_no_further_call():
    jobs = MovingList(6)

    assert len(ids(jobs.read())) == 6
    assert len(jobs.asked) == 2


def test_an_empty_list_is_empty():
    assert MovingList(0).read() == []


def test_reading_stops_at_what_is_older_than_asked_for():
    jobs = MovingList(9)

    found = jobs.read(since=START + timedelta(minutes=5))

    assert ids(found) == [ulid(number) for number in (9, 8, 7, 6, 5)]
    assert len(jobs.asked) == 2


def test_a_page_that_is_old_from_its_first_row_is_not_yielded():
    assert MovingList(6).read(since=START + timedelta(minutes=4)) == MovingList(6).read(max_pages=1)


def test_reading_ends_early_if_told():
    jobs = MovingList(9)

    assert len(jobs.read(max_pages=2)) == 2
    assert len(jobs.asked) == 2


def once(act: Callable[[MovingList], None]) -> Callable[[MovingList], None]:
    """Act after the first page only."""
    return lambda jobs: act(jobs) if len(jobs.asked) == 1 else None


def test_a_row_added_while_reading_skips_nothing():
    jobs = MovingList(7, once(lambda jobs: jobs.touch(ulid(99))))

    assert set(ids(jobs.read())) == {ulid(number) for number in range(1, 8)}


def test_a_row_removed_while_reading_skips_nothing():
    jobs = MovingList(7, once(lambda jobs: jobs.remove(ulid(6))))

    assert set(ids(jobs.read())) >= {ulid(number) for number in (7, 5, 4, 3, 2, 1)}


def test_many_rows_removed_while_reading_skip_nothing():
    def remove_four(jobs: MovingList) -> None:
        if len(jobs.asked) == 2:
            for number in (10, 9, 8, 7):
                jobs.remove(ulid(number))

    jobs = MovingList(10, remove_four)

    assert set(ids(jobs.read())) == {ulid(number) for number in range(1, 11)}


def test_removing_what_empties_the_next_page_skips_nothing():
    """Row 1 was alone on page 2; with row 4 gone it is on page 1, and page 2 is empty."""
    jobs = MovingList(4, once(lambda jobs: jobs.remove(ulid(4))))

    assert ulid(1) in ids(jobs.read())


def test_a_whole_page_of_new_rows_is_not_the_end():
    jobs = MovingList(6, once(lambda jobs: [jobs.touch(ulid(number)) for number in (97, 98, 99)]))

    assert set(ids(jobs.read())) == {ulid(number) for number in range(1, 7)}


@settings(max_examples=examples(60, 200), deadline=None)
@given(
    st.integers(0, 14),
    st.lists(st.lists(st.tuples(st.sampled_from("atr"), st.integers(0, 30)), max_size=4), max_size=8),
)
def test_whatever_moves_no_row_that_stays_put_is_missed(count, changes):
    moved: set[str] = set()
    steps = iter(changes)

    def between(jobs: MovingList) -> None:
        for kind, number in next(steps, []):
            id_ = ulid(1000 + len(jobs.changed)) if kind == "a" or not jobs.rows else jobs.rows[number % len(jobs.rows)]
            moved.add(id_)
            jobs.remove(id_) if kind == "r" and id_ in jobs.rows else jobs.touch(id_)

    jobs = MovingList(count, between)

    assert set(ids(jobs.read())) >= {ulid(number) for number in range(1, count + 1)} - moved


def test_a_list_that_never_holds_still_is_tried_again_later():

    with pytest.raises(TemporaryError) as caught:
        MovingList(300, lambda jobs: jobs.remove(jobs.rows[0])).read()

    assert caught.value.code == "vsco_list_unsteady"


def answer(**fields: object):
    return lambda request: httpx.Response(200, json=fields)


@pytest.mark.parametrize("items", [None, {}, "x", [1], [{"id": 1}], [{"name": "x"}]])
def test_a_list_without_its_items_is_tried_again_later(items):
    with pytest.raises(TemporaryError) as caught:
        list(workspace(answer(items=items)).changed_jobs(None))

    assert caught.value.code == "vsco_unavailable"


def test_a_server_that_does_not_heed_the_page_is_noticed():
    meta = {"totalPages": 3, "totalItems": 3}

    with pytest.raises(TemporaryError, match="did not hold still"):
        list(workspace(answer(items=[stamped(id=JOB)], meta=meta)).changed_jobs(None))


def test_a_list_without_numbers_is_read_until_it_is_empty():
    pages = {1: [stamped(id=ulid(1))], 2: [stamped(id=ulid(2))]}

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, json={"items": pages.get(int(request.url.params["page"]), []), "meta": {"totalPages": "2"}}
        )

    assert ids(list(workspace(handler).changed_jobs(None))) == [ulid(1), ulid(2)]


def test_a_job_without_a_readable_change_is_not_taken_for_an_old_one():
    found = list(workspace(answer(items=[stamped(id=JOB, modified="?")], meta={"totalPages": 1})).changed_jobs(START))

    assert found[0][0].modified_at is None


def test_a_list_that_should_not_be_paged_but_is_gets_read_to_its_end():
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        page = int(request.url.params.get("page", 1))
        seen.append(dict(request.url.params))
        body = stamped(id=ulid(page), transactionId=f"pi_{page}")
        return httpx.Response(200, json={"items": [body], "meta": {"totalPages": 3, "totalItems": 3}})

    assert workspace(handler).find_payment(JOB, "pi_3") == ulid(3)
    assert seen == [{"sortBy": "id desc"}, {"sortBy": "id desc", "page": "2"}, {"sortBy": "id desc", "page": "3"}]


def test_a_list_that_is_not_paged_is_read_in_one_call():
    calls = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(200, json={"items": [stamped(id=ulid(2), transactionId="pi_2")]})

    assert workspace(handler).find_payment(JOB, "pi_2") == ulid(2)
    assert len(calls) == 1


@pytest.mark.parametrize("minute", [1, 30, 57, 99, 100, 1000])
def test_reading_begins_with_those_modified_by_a_moment_without_reading_all_before(minute):
    jobs = MovingList(100)
    until = START + timedelta(minutes=minute)

    found = ids(list(workspace(jobs, page_size=SIZE).changed_jobs(None, None, until)))

    wanted = [ulid(number) for number in range(min(minute, 100), 0, -1)]
    assert found[-len(wanted) :] == wanted
    assert len(found) - len(wanted) <= 2 * SIZE
    assert len(jobs.asked) <= 8 + len(wanted) // SIZE + 3


def test_a_row_that_disappears_while_the_place_is_looked_for_hides_none():
    jobs = MovingList(100, once(lambda jobs: [jobs.remove(jobs.rows[0]) for _ in range(SIZE)]))

    found = ids(list(workspace(jobs, page_size=SIZE).changed_jobs(None, None, START + timedelta(minutes=50))))

    assert set(found) >= {ulid(number) for number in range(1, 51)}


def test_an_empty_list_has_no_place_to_begin_at():
    assert list(workspace(MovingList(0), page_size=SIZE).changed_jobs(None, None, START)) == []
