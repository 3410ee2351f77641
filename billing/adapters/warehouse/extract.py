"""Copies the ledger's tables into a fresh DuckDB file: `python -m billing.adapters.warehouse.extract`, job on stdin.

It runs in a process of its own. The ledger is open elsewhere through pysqlite3, and two copies of the SQLite library
in one process undo each other's POSIX locks: closing any file handle drops them all (sqlite.org, "How To Corrupt An
SQLite Database File", 2.2). The job comes over stdin because a command line is readable by everybody on the machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from billing.adapters.warehouse.tables import RAW_TABLES, RawTable
from billing.domain.errors import TemporaryError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy.engine import URL

MEMORY_LIMIT = "1GB"  # a small server keeps room for its other processes
_BATCH_ROWS = 16_384  # rows a record batch: large enough to be fast, small enough to stay flat
_BUSY_TIMEOUT_MS = 30_000
# One snapshot over all tables, and no way to write.
_POSTGRES_OPTIONS = "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"


def read_only_uri(ledger_url: str) -> str:
    """SQLAlchemy's URL of the ledger as SQLite's or libpq's own URI: `file:/srv/ledger.sqlite?mode=ro`."""
    from sqlalchemy.engine import make_url

    url = make_url(ledger_url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.is_file():
            raise TemporaryError("no_ledger", f"There is no ledger at {path}; `billing doctor` makes one.")
        return f"file:{quote(str(path))}?mode=ro"
    return _libpq_uri(url)


def _libpq_uri(url: URL) -> str:
    options = " ".join(part for part in (str(url.query.get("options", "")), _POSTGRES_OPTIONS) if part)
    complete = url.set(drivername="postgresql", query={**url.query, "options": options})
    address, _, query = complete.render_as_string(hide_password=False).partition("?")
    return f"{address}?{query.replace('+', '%20')}"  # libpq does not read a plus as a space


@dataclass(frozen=True, slots=True)
class LedgerReader:
    """An ADBC connection that cannot write; all its reads see one snapshot, because autocommit is off."""

    connection: Any
    statement_options: Mapping[str, str]

    def stream(self, query: str) -> Any:
        """A cursor whose `fetch_record_batch()` yields the rows in Arrow batches; the caller closes it."""
        cursor = self.connection.cursor(adbc_stmt_kwargs=dict(self.statement_options))
        cursor.execute(query)
        return cursor

    def close(self) -> None:
        self.connection.close()


def open_ledger(uri: str) -> LedgerReader:
    """Open the ledger by what `read_only_uri` made of its URL."""
    if not uri.startswith("file:"):
        from adbc_driver_postgresql import dbapi as postgres

        return LedgerReader(postgres.connect(uri), {})
    from adbc_driver_sqlite import dbapi as sqlite

    reader = LedgerReader(sqlite.connect(uri), {"adbc.sqlite.query.batch_rows": str(_BATCH_ROWS)})
    reader.stream(f"pragma busy_timeout = {_BUSY_TIMEOUT_MS}").close()
    return reader


def write_at_most(size_bytes: int) -> None:
    """From now on no file of this process grows beyond that: the rest of the disk is the ledger's."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = size_bytes if hard == resource.RLIM_INFINITY else min(size_bytes, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))


def copy_ledger(uri: str, target_path: str) -> dict[str, int]:
    """Write the raw tables into the DuckDB file at `target_path` (it must not exist); rows by table."""
    import duckdb

    with (
        closing(open_ledger(uri)) as ledger,
        closing(duckdb.connect(target_path, config={"memory_limit": MEMORY_LIMIT})) as building,
    ):
        building.begin()  # one transaction: a commit a table costs a fifth more
        rows = {table.name: _copy_table(ledger, building, table) for table in RAW_TABLES}
        building.commit()
        return rows


def _copy_table(ledger: LedgerReader, building: DuckDBPyConnection, table: RawTable) -> int:
    building.execute(table.create_query)
    with ledger.stream(table.read_query) as cursor:
        building.register("stream", cursor.fetch_record_batch())
        (rows,) = building.execute(table.fill_query).fetchone() or (0,)
        building.unregister("stream")
    return int(rows)


def main() -> int:
    """Answer the job with the rows by table as JSON; a failure with what was said, and exit code 1."""
    job = json.load(sys.stdin)
    try:
        write_at_most(job["at_most_bytes"])
        rows = copy_ledger(job["uri"], job["target_path"])
    except Exception as error:
        json.dump(str(error) or type(error).__name__, sys.stdout)
        return 1
    json.dump(rows, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
