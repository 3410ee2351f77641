"""Opening the ledger's database: one engine per URL, with the rules about locks and durability."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from billing.domain.errors import TemporaryError
from billing.domain.storage import in_words, refusal

BUSY_TIMEOUT_MS = 30_000

# synchronous = FULL: a committed fact survives a power cut. The cache is small on purpose: memory stays flat.
_PRAGMAS = (
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    f"pragma busy_timeout = {BUSY_TIMEOUT_MS}",
)


def open_engine(url: str | URL) -> Engine:
    """An engine for `sqlite:///path` (through pysqlite3's newer SQLite) or `postgresql+psycopg://…`.

    On SQLite every write transaction is BEGIN IMMEDIATE (execution option `write=True`) and reads are deferred:
    with deferred writers, four of them saw a million "database is locked"; with immediate ones none.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_size=12, connect_args={"options": f"-c lock_timeout={BUSY_TIMEOUT_MS}"})
    import pysqlite3.dbapi2 as driver

    _create_for_owner_only(parsed.database)
    engine = create_engine(parsed, module=driver, pool_size=12, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_for_owner_only(path: str | None) -> None:
    """The ledger holds gallery passwords and invoices. SQLite gives -wal and -shm the mode of the database itself."""
    if not path or path.startswith((":", "file:")):
        return
    with suppress(OSError):  # it is there already, or cannot be made: SQLite says why
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours to say
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Any) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("begin immediate" if write else "begin")


@contextmanager
def failures_named() -> Iterator[None]:
    """The database itself fails (disk full, locked, read-only, unreachable, damaged): TemporaryError, one sentence.

    The transaction is rolled back, so the step is done anew when it is mended. A broken constraint is no such failure.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise _unavailable(error) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:
            raise
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> TemporaryError:
    said = str(getattr(error, "orig", None) or error)
    advice = "" if refusal(said) else " Mend it (disk space, rights, server)."
    return TemporaryError(
        "ledger_unavailable",
        f"The ledger's database cannot be used: {in_words(said)}{advice} Nothing of this step was kept; it is done"
        " anew by itself once that is mended.",
    )
