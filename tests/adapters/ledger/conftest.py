"""Every promise of the ledger is tested on SQLite and on PostgreSQL, each test in a fresh database."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from billing.adapters.ledger.books import SqlLedger
from billing.adapters.ledger.migrate import migrate


def _binaries() -> Path | None:
    found = shutil.which("pg_ctl") or next(
        map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[::-1]), None
    )
    return Path(found).resolve().parent if found else None


@contextmanager
def _own_postgres(binaries: Path) -> Iterator[URL]:
    """A cluster of the tests' own behind a socket in a temporary folder; PostgreSQL refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(folder, "postgres")

    def run(*command: str) -> None:
        subprocess.run(
            [*as_postgres, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    data, options = str(folder / "data"), f"-k {folder} -c listen_addresses= -c fsync=off"
    run(str(binaries / "initdb"), "-D", data, "-U", "billing", "-A", "trust", "-E", "UTF8", "--no-sync")
    run(str(binaries / "pg_ctl"), "start", "-D", data, "-s", "-w", "-l", str(folder / "log"), "-o", options)
    try:
        yield URL.create("postgresql+psycopg", "billing", database="postgres", query={"host": str(folder)})
    finally:
        run(str(binaries / "pg_ctl"), "stop", "-D", data, "-s", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    given, binaries = os.environ.get("BILLING_TEST_POSTGRES_URL"), _binaries()
    if given:
        yield make_url(given)
    elif binaries is None:
        pytest.skip("PostgreSQL is not installed here: the ledger on PostgreSQL is NOT tested")
    else:
        with _own_postgres(binaries) as url:
            yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    _migrated(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: URL) -> str:
    name = f"template_{uuid4().hex[:12]}"
    _administer(postgres, f"create database {name}")
    _migrated(_url(postgres, name)).close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'ledger.db')}"
        return
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    name = f"test_{uuid4().hex[:12]}"
    _administer(server, f"create database {name} template {template}")
    yield _url(server, name)
    _administer(server, f"drop database {name} with (force)")


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
    server, name = request.getfixturevalue("postgres"), f"empty_{uuid4().hex[:12]}"
    _administer(server, f"create database {name}")
    ledger = SqlLedger(_url(server, name))
    yield ledger
    ledger.close()
    _administer(server, f"drop database {name} with (force)")


def _migrated(url: str) -> SqlLedger:
    ledger = SqlLedger(url)
    migrate(ledger.engine)
    return ledger


def _url(server: URL, database: str) -> str:
    return server.set(database=database).render_as_string(hide_password=False)


def _administer(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
