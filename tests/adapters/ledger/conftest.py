"""Every promise of the ledger is tested on SQLite and on PostgreSQL, each test in a fresh database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_postgres import fresh_database, migrated_template, postgres_server
from sqlalchemy.engine import URL

from billing.adapters.ledger.books import SqlLedger
from billing.adapters.ledger.migrate import migrate


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    with postgres_server() as server:
        if server is None:
            pytest.skip("PostgreSQL is not installed here: the ledger on PostgreSQL is NOT tested")
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    ledger = SqlLedger(f"sqlite:///{path}")
    migrate(ledger.engine)
    ledger.close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: URL) -> Iterator[str]:
    with migrated_template(postgres) as name:
        yield name


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'ledger.db')}"
        return
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    with fresh_database(server, template) as url:
        yield url


@pytest.fixture
def ledger(url: str) -> Iterator[SqlLedger]:
    ledger = SqlLedger(url)
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
