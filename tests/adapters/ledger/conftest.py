"""Every promise of the ledger is tested on SQLite and on PostgreSQL, each test in a fresh database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from own_postgres import fresh_database, migrated_template, postgres_server
from sqlalchemy.engine import URL
from throwaway_ledgers import ThrowawayLedgers, throwaway_ledgers

from billing.adapters.ledger.unit_of_work import SqlLedger


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    with postgres_server() as server:
        if server is None:
            pytest.skip("PostgreSQL is not installed here: the ledger on PostgreSQL is NOT tested")
        yield server


@pytest.fixture(scope="session")
def sqlite_ledgers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThrowawayLedgers]:
    with throwaway_ledgers(tmp_path_factory.mktemp("ledgers")) as ledgers:
        yield ledgers


@pytest.fixture(scope="session")
def postgres_template(postgres: URL) -> Iterator[str]:
    with migrated_template(postgres) as name:
        yield name


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('sqlite_ledgers').renew()}"
        return
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    with fresh_database(server, template) as url:
        yield url


@pytest.fixture
def ledger(url: str, request: pytest.FixtureRequest) -> Iterator[SqlLedger]:
    ledger = request.getfixturevalue("sqlite_ledgers").opened() if url.startswith("sqlite") else SqlLedger(url)
    yield ledger
    ledger.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    """A database without any table."""
    if request.param == "sqlite":
        ledger = SqlLedger(f"sqlite:///{tmp_path / 'empty.db'}")
        yield ledger
        ledger.close()
        return
    with fresh_database(request.getfixturevalue("postgres")) as url:
        ledger = SqlLedger(url)
        yield ledger
        ledger.close()
