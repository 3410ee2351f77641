"""Building the projection beside, relation by relation, and swapping it in whole."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from billing.adapters.warehouse.extract import MEMORY_LIMIT, read_only_uri
from billing.adapters.warehouse.relations import Relation, read_relations
from billing.domain.errors import PermanentError, TemporaryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Progress = Callable[[str], None]

PROMISE_HOURS = 24  # metrics.md: an invoice is sent within a day of the session's completion


@dataclass(frozen=True, slots=True)
class Published:
    """The file that readers open from now on. `sha256` is of its bytes; `rows` by mart."""

    path: Path
    built_at: datetime
    extracted_at: datetime
    sha256: str
    size_bytes: int
    rows: dict[str, int]


class Warehouse:
    """A DuckDB projection of the ledger: `extract`, then `build` each relation, then `publish`.

    The building file always belongs to one extract: a relation in it was built from that extract, one that is missing
    is built when it is needed. So the steps may be run in any order, twice, or by two processes at once.
    """

    def __init__(
        self,
        ledger_url: str,
        building_path: Path,
        published_path: Path,
        sql_dir: Path,
        time_zone: str,
        *,
        promise_hours: int = PROMISE_HOURS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger_url = ledger_url
        self._building_path = building_path.absolute()
        self._published_path = published_path.absolute()
        self._sql_dir = sql_dir
        self._time_zone = time_zone
        self._promise_hours = promise_hours
        self._now = now

    def relations(self) -> list[Relation]:
        """Every file of sql/staging and sql/marts, each after those that it reads."""
        return read_relations(self._sql_dir)

    def extract(self) -> dict[str, int]:
        """Copy the ledger's tables in one read snapshot into a fresh building file; rows by table.

        TemporaryError `extract_failed` leaves the building file as it was.
        """
        with self._alone():
            fresh = self._building_path.with_suffix(".fresh")
            _remove(fresh)
            extracted_at = self._now()
            rows = self._copy_in_child(fresh)
            self._note_extract(fresh, extracted_at)
            _write_ahead_log(self._building_path).unlink(missing_ok=True)
            os.replace(fresh, self._building_path)
            return rows

    def build(self, name: str) -> int:
        """Create or replace one relation, and what it reads if that is missing; its rows."""
        with self._alone(), self._building() as connection:
            return self._build(connection, name, {relation.name: relation for relation in self.relations()})

    def publish(self, progress: Progress | None = None) -> Published:
        """Write the marts to a file beside the published one and swap it in: readers see the old or the new, whole."""
        with self._alone():
            built_at = self._now()
            fresh = self._published_path.with_suffix(".fresh")
            _remove(fresh)
            self._published_path.parent.mkdir(parents=True, exist_ok=True)
            with self._building() as connection:
                self._build_missing(connection, progress or _silent)
                rows = self._copy_marts(connection, fresh, built_at)
                extracted_at = _extracted_at(connection)
            sha256, size_bytes = _settle(fresh)
            os.replace(fresh, self._published_path)
            _sync(self._published_path.parent)
            return Published(self._published_path, built_at, extracted_at, sha256, size_bytes, rows)

    def rebuild(self, progress: Progress | None = None) -> Published:
        """All of it: extract, build every relation anew, publish. `progress` is told of each step as it begins."""
        (progress or _silent)("reading the ledger")
        self.extract()
        return self.publish(progress)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One builder at a time on this machine, threads included; the kernel lets go when a process dies."""
        self._building_path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._building_path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _building(self) -> Iterator[DuckDBPyConnection]:
        import duckdb

        if not self._building_path.exists():
            raise PermanentError("nothing_extracted", f"{self._building_path} does not exist; run the extract first.")
        config: dict[str, Any] = {"memory_limit": MEMORY_LIMIT}
        with closing(duckdb.connect(str(self._building_path), config=config)) as connection:
            yield connection

    def _copy_in_child(self, target: Path) -> dict[str, int]:
        uri = read_only_uri(self._ledger_url)
        job = {"uri": uri, "target_path": str(target)}
        child = subprocess.run(
            [sys.executable, "-m", "billing.adapters.warehouse.extract"],
            input=json.dumps(job), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if child.returncode != 0:
            cause = " ".join(child.stderr.split()[-60:]) or f"exit code {child.returncode}"
            told = _without_secrets(cause, self._ledger_url)
            raise TemporaryError("extract_failed", f"The ledger could not be copied to the warehouse: {told}")
        rows: dict[str, int] = json.loads(child.stdout)
        return rows

    def _note_extract(self, path: Path, extracted_at: datetime) -> None:
        import duckdb

        with closing(duckdb.connect(str(path))) as connection:
            connection.execute("create table extract_info as select $1::timestamptz as extracted_at", [extracted_at])

    def _build(self, connection: DuckDBPyConnection, name: str, relations: dict[str, Relation]) -> int:
        if name not in relations:
            raise PermanentError("unknown_relation", f"There is no {name}.sql in {self._sql_dir}.")
        relation = relations[name]
        present = _tables(connection)
        for read in relation.reads:
            if read in relations and read not in present:
                self._build(connection, read, relations)
        parameters = {key: value for key, value in self._parameters(connection).items() if key in relation.parameters}
        query = f"create or replace table {relation.name} as {relation.query}"
        (rows,) = connection.execute(query, parameters).fetchone() or (0,)
        return int(rows)

    def _parameters(self, connection: DuckDBPyConnection) -> dict[str, Any]:
        return {
            "time_zone": self._time_zone,
            "promise_hours": self._promise_hours,
            "as_of": self._as_of(connection),
        }

    def _as_of(self, connection: DuckDBPyConnection) -> date:
        """The studio's day on which the ledger was read."""
        return _extracted_at(connection).astimezone(ZoneInfo(self._time_zone)).date()

    def _build_missing(self, connection: DuckDBPyConnection, progress: Progress) -> None:
        relations = {relation.name: relation for relation in self.relations()}
        present = _tables(connection)
        for done, name in enumerate(relations, 1):
            if name not in present:
                progress(f"building {done} of {len(relations)}: {name}")
                self._build(connection, name, relations)

    def _copy_marts(self, connection: DuckDBPyConnection, target: Path, built_at: datetime) -> dict[str, int]:
        marts = [relation for relation in self.relations() if relation.layer == "marts"]
        connection.execute(f"attach '{str(target).replace(chr(39), chr(39) * 2)}' as published")
        rows = {mart.name: _copy(connection, mart.name) for mart in marts}
        self._describe(connection, marts, built_at)
        connection.execute("detach published")
        return rows

    def _describe(self, connection: DuckDBPyConnection, marts: list[Relation], built_at: datetime) -> None:
        """The published file explains itself: when and for whom it was built, and the query of every mart in it."""
        connection.execute(
            "create table published.warehouse_info as select $1::timestamptz as built_at,"
            " $2::timestamptz as extracted_at, $3::date as as_of, $4::varchar as time_zone, $5::int as promise_hours",
            [built_at, _extracted_at(connection), self._as_of(connection), self._time_zone, self._promise_hours],
        )
        connection.execute(
            "create table published.warehouse_relations (position int, name varchar, description varchar,"
            " grain varchar, key varchar, query varchar, reads varchar[], parameters varchar[])"
        )
        connection.executemany(
            "insert into published.warehouse_relations values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (n, mart.name, mart.description, mart.grain, ", ".join(mart.key), mart.query, list(mart.reads),
                 sorted(mart.parameters))
                for n, mart in enumerate(marts)
            ],
        )  # fmt: skip


def _silent(step: str) -> None:
    """Nobody wants to know how far it is."""


def _without_secrets(text: str, ledger_url: str) -> str:
    """libpq and drivers may repeat the whole URI in their complaint."""
    from sqlalchemy.engine import make_url

    password = make_url(ledger_url).password
    secrets = {str(password), quote(str(password))} if password else set()
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _tables(connection: DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}


def _extracted_at(connection: DuckDBPyConnection) -> datetime:
    (found,) = connection.execute("select extracted_at from extract_info").fetchone() or (None,)
    if not isinstance(found, datetime):
        raise PermanentError("nothing_extracted", "The building file holds no extract; run the extract first.")
    return found.astimezone(UTC)


def _copy(connection: DuckDBPyConnection, name: str) -> int:
    query = f"create table published.{name} as from {name}"
    (rows,) = connection.execute(query).fetchone() or (0,)
    return int(rows)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _write_ahead_log(path).unlink(missing_ok=True)


def _write_ahead_log(path: Path) -> Path:
    """DuckDB's log beside the file; one that a crash left behind must never meet another file of that name."""
    return path.with_name(path.name + ".wal")


def _settle(path: Path) -> tuple[str, int]:
    """Force the file to the disk before it gets its name; its SHA-256 and size in bytes."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
