"""One `billing up` per ledger among machines: an advisory lock where the ledger is PostgreSQL's."""

from __future__ import annotations

import pytest
from own_postgres import administer
from sqlalchemy.engine import make_url

from billing.adapters.ledger.sole_runner import LOOK_EVERY_SECONDS, sole_runner
from billing.domain.errors import PermanentError


def take(url: str) -> None:
    with sole_runner(url):
        pass


def test_the_second_is_refused_where_the_database_is_a_server(url: str) -> None:
    is_server = url.startswith("postgresql")
    with sole_runner(url):
        if is_server:
            with pytest.raises(PermanentError, match="`billing up` runs already for this ledger, on "):
                take(url)
        else:
            take(url)  # the file beside the ledger is what is locked there
    take(url)


def test_a_lock_that_was_lost_with_its_connection_is_taken_again_or_ends_us(url: str) -> None:
    if not url.startswith("postgresql"):
        return  # a file's lock is not lost
    now = 0.0
    with sole_runner(url, lambda: now) as look:
        _cut_all_connections(url)
        now += LOOK_EVERY_SECONDS
        look()
        with pytest.raises(PermanentError):
            take(url)

        _cut_all_connections(url)
        with sole_runner(url):
            now += LOOK_EVERY_SECONDS
            with pytest.raises(PermanentError, match="runs already"):
                look()
        now += LOOK_EVERY_SECONDS
        look()


def test_it_is_looked_at_twice_a_minute_and_no_oftener(url: str) -> None:
    now = 0.0
    with sole_runner(url, lambda: now) as look:
        _cut_all_connections(url)
        take(url)  # it is free, and nobody has noticed
        look()
        take(url)


def _cut_all_connections(url: str) -> None:
    if url.startswith("postgresql"):
        database = make_url(url).database
        others = f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}'"
        administer(make_url(url).set(database="postgres"), others)
