"""Building the projection beside, relation by relation, and swapping it in whole."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from billing.adapters.warehouse.extract import MEMORY_LIMIT, read_only_uri
from billing.adapters.warehouse.failures import failures_named, no_room_left, not_copied
from billing.adapters.warehouse.relations import Relation, read_relations
from billing.adapters.warehouse.working_files import WorkingFiles, free_bytes, size, write_ahead_log
from billing.domain.errors import PermanentError, TemporaryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Progress = Callable[[str], None]

PROMISE_HOURS = 24  # the promise: an invoice is sent within a day of the session's completion


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
    is built when it is needed. So the steps may be run in any order, twice, or by two processes at once. What a step
    began and did not end is deleted, by itself or, after a crash, by the next. `reserve_bytes` of the disk are the
    ledger's: where they would be needed, TemporaryError `no_room`, and the published file stays.
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
        reserve_bytes: int = 0,
        free_bytes: Callable[[Path], int] = free_bytes,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger_url = ledger_url
        self._files = WorkingFiles(building_path.absolute(), published_path.absolute(), reserve_bytes, free_bytes)
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
            files = self._files
            at_most_bytes = files.require(
                files.extracting, size(files.building), expendable=(files.previous, files.building)
            )
            extracted_at = self._now()
            rows = self._copy_in_child(files.extracting, at_most_bytes)
            self._note_extract(files.extracting, extracted_at)
            write_ahead_log(files.building).unlink(missing_ok=True)
            os.replace(files.extracting, files.building)
            return rows

    def build(self, name: str) -> int:
        """Create or replace one relation, and what it reads if that is missing; its rows."""
        with self._alone(), self._building() as connection:
            return self._build(connection, name, {relation.name: relation for relation in self.relations()})

    def publish(self, progress: Progress | None = None) -> Published:
        """Write the marts to a file beside the published one and swap it in: readers see the old or the new, whole."""
        with self._alone():
            files, built_at = self._files, self._now()
            files.published.parent.mkdir(parents=True, exist_ok=True)
            files.require(files.publishing, size(files.building), expendable=(files.previous,))
            with self._building() as connection:
                self._build_missing(connection, progress or _silent)
                rows = self._copy_marts(connection, files.publishing, built_at)
                extracted_at = _extracted_at(connection)
            sha256, size_bytes = _settle(files.publishing)
            files.keep_previous()
            os.replace(files.publishing, files.published)
            _sync(files.published.parent)
            return Published(files.published, built_at, extracted_at, sha256, size_bytes, rows)

    def rebuild(self, progress: Progress | None = None) -> Published:
        """All of it: extract, build every relation anew, publish. `progress` is told of each step as it begins."""
        (progress or _silent)("reading the ledger")
        self.extract()
        return self.publish(progress)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One builder at a time on this machine, threads included; the kernel lets go when a process dies."""
        with ExitStack() as held:
            with failures_named(self._files):
                self._files.building.parent.mkdir(parents=True, exist_ok=True)
                lock = held.enter_context(open(self._files.building.with_suffix(".lock"), "w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            held.callback(self._files.sweep)
            self._files.sweep()
            with failures_named(self._files):
                yield

    @contextmanager
    def _building(self) -> Iterator[DuckDBPyConnection]:
        import duckdb

        building = self._files.building
        if not building.exists():
            raise PermanentError("nothing_extracted", f"{building} does not exist; run the extract first.")
        beside = f"{self._files.left(building)}B"
        config: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "max_temp_directory_size": beside}
        with closing(duckdb.connect(str(building), config=config)) as connection:
            yield connection

    def _copy_in_child(self, target: Path, at_most_bytes: int) -> dict[str, int]:
        uri = read_only_uri(self._ledger_url)
        job = {"uri": uri, "target_path": str(target), "at_most_bytes": at_most_bytes}
        child = subprocess.run(
            [sys.executable, "-m", "billing.adapters.warehouse.extract"],
            input=json.dumps(job), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if child.returncode != 0:
            cause = _cause(child)
            if no_room_left(cause):
                self._files.give_way()
                raise self._files.no_room(target)
            raise TemporaryError("extract_failed", not_copied(_without_secrets(cause, self._ledger_url)))
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
        self._files.require(self._files.building, 0, expendable=(self._files.previous,))
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


def _cause(child: subprocess.CompletedProcess[str]) -> str:
    """What the child said as its answer; of one that was killed, how it ended."""
    try:
        return str(json.loads(child.stdout))
    except json.JSONDecodeError:
        return " ".join(child.stderr.split()[-20:]) or f"its process ended with {child.returncode}"


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
