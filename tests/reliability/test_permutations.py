"""A sample of the orders in which the events of an invoice may come; `prove` in permutations.py tries them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from event_stories import STORIES
from ledger_places import Places, places
from own_postgres import postgres_server
from permutations import Case, Stage, cases_of, on_postgres, on_sqlite, violations
from samples import examples, rows
from sqlalchemy.engine import URL

NAMES = sorted(STORIES)


@pytest.fixture(scope="module")
def place() -> Iterator[Places]:
    with places() as place:
        yield place


@pytest.fixture(scope="module")
def server() -> Iterator[URL]:
    with postgres_server() as server:
        if server is None:
            pytest.skip("PostgreSQL is not installed here: the order of events on PostgreSQL is NOT tested")
        yield server


@pytest.mark.parametrize("name", NAMES)
def test_no_order_and_no_split_of_the_events_makes_a_difference(place: Places, name: str) -> None:
    with on_sqlite(place) as store:
        stage = Stage(STORIES[name], store)
        reference = stage.in_order()

        wrong = [
            found
            for case in cases_of(stage.events, sample=examples(8, 32))
            for found in violations(reference, stage, case)
        ]

    assert wrong == []
    assert not [row for row in reference["attention"] if row[-1] == "is broken"]


@pytest.mark.parametrize("name", rows(NAMES))
def test_postgresql_comes_to_the_same_as_sqlite(place: Places, server: URL, name: str) -> None:
    with on_sqlite(place) as sqlite, on_postgres(server) as postgres:
        reference = Stage(STORIES[name], sqlite).in_order()
        stage = Stage(STORIES[name], postgres)

        wrong = [found for case in cases_of(stage.events, sample=4) for found in violations(reference, stage, case)]

    assert wrong == []


def test_an_event_that_is_lost_would_be_seen(place: Places) -> None:
    with on_sqlite(place) as store:
        stage = Stage(STORIES[NAMES[0]], store)
        reference = stage.in_order()

        [sentence] = violations(reference, stage, Case((0, 1), frozenset({0}), frozenset({1})))

    assert "movements" in sentence or "provider_events" in sentence


def test_both_workers_take_part_in_most_cases() -> None:
    cases = list(cases_of(6, sample=None))

    assert len({case.order for case in cases}) == 720
    assert all(case.first | case.second == set(range(6)) for case in cases)
    assert sum(bool(case.first and case.second) for case in cases) > 600
    assert sum(bool(case.first & case.second) for case in cases) > 400
