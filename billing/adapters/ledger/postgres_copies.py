"""Copies of a PostgreSQL ledger by the server's own programs; put back as a new database that takes the old one's name.

The ledger that was there keeps its data under a name with the time. The server's role needs the right to create
databases for a restore, none for a backup.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from billing.domain.errors import PermanentError, TemporaryError

_LOOK_EVERY_SECONDS = 0.2
_OBJECT_IN_USE = "55006"  # appendix A of PostgreSQL's documentation
# libpq's variables by what SQLAlchemy's URL calls them; a password on a command line would be seen by everybody.
_VARIABLES = {
    "host": "PGHOST", "port": "PGPORT", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "options": "PGOPTIONS",
}  # fmt: skip

PutInPlace = Callable[[], str]


def dump(url: str, target: Path, snapshot: str, progress: Callable[[int, int], None]) -> None:
    """Copy what this exported snapshot shows. TemporaryError if the program says that it failed."""
    arguments = ["--format=custom", "--no-owner", "--no-acl", f"--snapshot={snapshot}", f"--file={target}"]
    _run("pg_dump", [*arguments, _database(url)], url, lambda: progress(_size(target), 0))


@contextmanager
def replacing(
    url: str, backup: Path, stamp: str, progress: Callable[[int, int], None]
) -> Iterator[tuple[str, str | None, PutInPlace]]:
    """(URL of a copy to prepare, URL of the present ledger or None, what puts the copy in its place)."""
    present = _database(url)
    staged, aside = f"{present}_restoring_{stamp}".lower(), f"{present}_before_restore_{stamp}".lower()
    server = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        is_there = _exists(server, present)
        _administer(server, f'create database "{staged}"')
        try:
            _fill(url, staged, backup)

            def put_in_place() -> str:
                _swap(server, present if is_there else None, staged, aside, present)
                return f"database {aside}" if is_there else "nowhere: there was none"

            staged_url = make_url(url).set(database=staged).render_as_string(hide_password=False)
            progress(backup.stat().st_size, backup.stat().st_size)
            yield staged_url, url if is_there else None, put_in_place
        finally:
            _administer(server, f'drop database if exists "{staged}"')
    finally:
        server.dispose()


def _fill(url: str, staged: str, backup: Path) -> None:
    arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-acl", f"--dbname={staged}", str(backup)]
    try:
        _run("pg_restore", arguments, url, lambda: None)
    except TemporaryError as error:
        raise PermanentError("damaged_backup", f"{backup} cannot be restored: {error.sentence}") from error


def _swap(server: Engine, present: str | None, staged: str, aside: str, name: str) -> None:
    """Both names change in one transaction. PostgreSQL refuses it while anybody is connected to either."""
    try:
        with server.connect() as plain:
            connection = plain.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                if present:
                    connection.execute(text(f'alter database "{present}" rename to "{aside}"'))
                connection.execute(text(f'alter database "{staged}" rename to "{name}"'))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _OBJECT_IN_USE:
            raise
        raise PermanentError(
            "ledger_in_use",
            f"Others are connected to database {name}; stop the pipeline (daemon, runs, `billing up`) and all other"
            " `billing` commands, then restore. Nothing was changed.",
        ) from error


def _run(program: str, arguments: list[str], url: str, tick: Callable[[], None]) -> None:
    kept = {name: value for name, value in {**os.environ, **_environment(url)}.items() if value}
    process = subprocess.Popen(
        [find_program(program), *arguments], env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        said = _wait_for(process, tick)
    except BaseException:
        process.kill()
        raise
    if process.returncode != 0:
        raise TemporaryError("postgres_program", f"{program} failed: {' '.join(said.split())[-300:]}")


def _wait_for(process: subprocess.Popen[str], tick: Callable[[], None]) -> str:
    while True:
        try:
            return process.communicate(timeout=_LOOK_EVERY_SECONDS)[1]
        except subprocess.TimeoutExpired:
            tick()


def _size(file: Path) -> int:
    """In bytes; none before the program, which a busy machine starts late, has made the file."""
    return file.stat().st_size if file.exists() else 0


def _environment(url: str) -> dict[str, str]:
    parsed = make_url(url)
    given = {name: str(value) for name, value in parsed.query.items()}
    given |= {name: str(value) for name, value in (("host", parsed.host), ("port", parsed.port)) if value}
    named = {_VARIABLES[name]: value for name, value in given.items() if name in _VARIABLES}
    return named | {"PGUSER": parsed.username or "", "PGPASSWORD": parsed.password or ""}


def find_program(name: str) -> str:
    """The server's own program. PermanentError with what to install if it is not here."""
    found = shutil.which(name) or _beside_the_server(name)
    if found is None:
        raise PermanentError("no_program", f"{name} is not here; install PostgreSQL's client programs.")
    return found


def _beside_the_server(name: str) -> str | None:
    config = shutil.which("pg_config")
    if config is None:
        return None
    folder = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
    return shutil.which(name, path=folder) if folder else None


def _database(url: str) -> str:
    name = make_url(url).database
    if not name:
        raise PermanentError("no_database", "The ledger's URL names no database.")
    return name


def _exists(server: Engine, name: str) -> bool:
    with server.connect() as connection:
        found = connection.execute(text("select 1 from pg_database where datname = :name"), {"name": name})
        return found.first() is not None


def _administer(server: Engine, statement: str) -> None:
    with server.connect() as connection:
        connection.execute(text(statement))
