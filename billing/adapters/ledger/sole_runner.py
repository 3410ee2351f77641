"""PostgreSQL: one `billing up` per ledger, whatever machine it runs on, by an advisory lock of a session of its own."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from billing.adapters.ledger.engine import failures_named
from billing.domain.errors import PermanentError, TemporaryError

LOOK_EVERY_SECONDS = 30.0
_CONNECT_SECONDS = 5
_NAME = "billing up on "
_TRY = text("select pg_try_advisory_lock(20261130)")
_HOLDER = text(
    "select a.application_name from pg_locks l join pg_stat_activity a on a.pid = l.pid"
    " where l.locktype = 'advisory' and l.granted and l.objid = 20261130"
    " and l.database = (select oid from pg_database where datname = current_database())"
)


@contextmanager
def sole_runner(url: str, now: Callable[[], float] = time.monotonic) -> Iterator[Callable[[], None]]:
    """Held until the end. On SQLite there is nothing to hold: the file beside the ledger is enough there.

    What is yielded is to be called often, and looks twice a minute: a lock that was lost with its connection is taken
    again. PermanentError `runs_elsewhere` if another has it.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        yield lambda: None
        return
    named = {"application_name": f"{_NAME}{socket.gethostname()}"[:63], "connect_timeout": _CONNECT_SECONDS}
    engine = create_engine(parsed, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=named)
    lock = _Lock(engine, now)
    lock.take()
    try:
        yield lock.look
    finally:
        lock.let_go()


class _Lock:
    def __init__(self, engine: Engine, now: Callable[[], float]) -> None:
        self._engine, self._now = engine, now
        self._connection: Connection | None = None
        self._look_at = 0.0

    def take(self) -> None:
        with failures_named():
            connection = self._engine.connect()
            try:
                if not connection.execute(_TRY).scalar_one():
                    raise _refusal(connection)
            except BaseException:
                connection.close()
                raise
        self._connection, self._look_at = connection, self._now() + LOOK_EVERY_SECONDS

    def look(self) -> None:
        if self._now() < self._look_at:
            return
        self._look_at = self._now() + LOOK_EVERY_SECONDS
        if self._connection is not None:
            try:
                self._connection.execute(text("select 1"))
                return
            except DBAPIError:
                self.let_go()
        with suppress(TemporaryError):  # while the server is away nobody can do anything, another runner neither
            self.take()

    def let_go(self) -> None:
        if self._connection is not None:
            with suppress(DBAPIError):
                self._connection.close()
            self._connection = None


def _refusal(connection: Connection) -> PermanentError:
    where = str(connection.execute(_HOLDER).scalar() or "").removeprefix(_NAME) or "another machine"
    return PermanentError(
        "runs_elsewhere",
        f"`billing up` runs already for this ledger, on {where}. End it there before you start it here; a machine that"
        " died keeps the lock until PostgreSQL notices (tcp_keepalives_idle).",
    )
