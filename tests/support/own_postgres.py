"""A PostgreSQL of the tests' own: the one that `.ci/with-postgres` has started, or a cluster in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger


@contextmanager
def postgres_server() -> Iterator[URL | None]:
    """A server on which databases may be made and dropped; None where PostgreSQL is not installed."""
    given, binaries = os.environ.get("BILLING_TEST_POSTGRES_URL"), _binaries()
    if given:
        yield make_url(given)
    elif binaries is None:
        yield None
    else:
        with _own_cluster(binaries) as url:
            yield url


@contextmanager
def migrated_template(server: URL) -> Iterator[str]:
    """The name of a database of the newest schema, of which copies are made."""
    name = f"template_{uuid4().hex[:12]}"
    administer(server, f"create database {name}")
    ledger = SqlLedger(database_url(server, name))
    migrate(ledger.engine)
    ledger.close()
    yield name
    administer(server, f"drop database {name} with (force)")


@contextmanager
def fresh_database(server: URL, template: str | None = None) -> Iterator[str]:
    """The URL of a database that is gone afterwards: empty, or a copy of the template."""
    name = f"test_{uuid4().hex[:12]}"
    administer(server, f"create database {name}" + (f" template {template}" if template else ""))
    yield database_url(server, name)
    administer(server, f"drop database {name} with (force)")


def database_url(server: URL, database: str) -> str:
    return server.set(database=database).render_as_string(hide_password=False)


def administer(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _binaries() -> Path | None:
    found = shutil.which("pg_ctl") or next(
        map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[::-1]), None
    )
    return Path(found).resolve().parent if found else None


@contextmanager
def _own_cluster(binaries: Path) -> Iterator[URL]:
    """A cluster behind a socket in a temporary folder; PostgreSQL refuses to run as root."""
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
