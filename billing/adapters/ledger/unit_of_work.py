"""The unit of work: one connection, one transaction, and the parts of the ledger over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from threading import Lock

from sqlalchemy import Connection, Engine, text

from billing.adapters.ledger.commands import SqlCommands
from billing.adapters.ledger.correspondence import SqlCorrespondence
from billing.adapters.ledger.documents import SqlDocuments
from billing.adapters.ledger.drafts import SqlDrafts
from billing.adapters.ledger.effects import SqlEffects
from billing.adapters.ledger.engine import failures_named, open_engine
from billing.adapters.ledger.grants import SqlGrants
from billing.adapters.ledger.invoices import SqlInvoices
from billing.adapters.ledger.journal import SqlJournal
from billing.adapters.ledger.operations import SqlOperations
from billing.adapters.ledger.pauses import SqlReminderPauses
from billing.adapters.ledger.pay_links import SqlPayLinks
from billing.adapters.ledger.payments import SqlPayments
from billing.adapters.ledger.records import SqlRecords, SqlSessions
from billing.adapters.ledger.settlements import SqlSettlements
from billing.adapters.ledger.tasks import SqlTasks

# PostgreSQL writers queue on one advisory lock, so that numbers and hash chains behave as on SQLite.
_WRITER_LOCK = text("select pg_advisory_xact_lock(20261121)")


class SqlUnitOfWork:
    """Implements ports.ledger.UnitOfWork over one open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def records(self) -> SqlRecords:
        return SqlRecords(self._connection)

    @cached_property
    def sessions(self) -> SqlSessions:
        return SqlSessions(self._connection)

    @cached_property
    def invoices(self) -> SqlInvoices:
        return SqlInvoices(self._connection)

    @cached_property
    def drafts(self) -> SqlDrafts:
        return SqlDrafts(self._connection)

    @cached_property
    def documents(self) -> SqlDocuments:
        return SqlDocuments(self._connection)

    @cached_property
    def pay_links(self) -> SqlPayLinks:
        return SqlPayLinks(self._connection)

    @cached_property
    def pauses(self) -> SqlReminderPauses:
        return SqlReminderPauses(self._connection)

    @cached_property
    def journal(self) -> SqlJournal:
        return SqlJournal(self._connection)

    @cached_property
    def payments(self) -> SqlPayments:
        return SqlPayments(self._connection)

    @cached_property
    def effects(self) -> SqlEffects:
        return SqlEffects(self._connection)

    @cached_property
    def grants(self) -> SqlGrants:
        return SqlGrants(self._connection)

    @cached_property
    def tasks(self) -> SqlTasks:
        return SqlTasks(self._connection)

    @cached_property
    def commands(self) -> SqlCommands:
        return SqlCommands(self._connection)

    @cached_property
    def settlements(self) -> SqlSettlements:
        return SqlSettlements(self._connection)

    @cached_property
    def correspondence(self) -> SqlCorrespondence:
        return SqlCorrespondence(self._connection)

    @cached_property
    def operations(self) -> SqlOperations:
        return SqlOperations(self._connection)


class SqlLedger:
    """Implements ports.ledger.Ledger. `url` as SQLAlchemy writes it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = open_engine(url)
        # SQLite has one writer: our own threads queue here rather than in its sleeping busy handler.
        self._writing: AbstractContextManager[object] = (
            Lock() if self.engine.dialect.name == "sqlite" else nullcontext()
        )

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        with failures_named(), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":  # one snapshot, as on SQLite
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield SqlUnitOfWork(connection)

    @contextmanager
    def write(self) -> Iterator[SqlUnitOfWork]:
        with failures_named(), self._writing, self.engine.connect() as plain:
            connection = plain.execution_options(write=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.execute(_WRITER_LOCK)
                yield SqlUnitOfWork(connection)

    def close(self) -> None:
        self.engine.dispose()
