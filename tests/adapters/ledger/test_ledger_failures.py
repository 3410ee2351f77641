"""When the database itself fails: one clear error, nothing half done, and on it goes when it is mended."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from paper import NOW, finalize, mail, record
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from billing.adapters.ledger import engine as engine_module
from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.errors import TemporaryError


@pytest.fixture
def sqlite(tmp_path: Path) -> SqlLedger:
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(ledger.engine)
    return ledger


def test_a_full_disk_is_one_clear_error_and_loses_nothing(sqlite: SqlLedger) -> None:
    with sqlite.write() as uow:
        uow.effects.intend(mail(), NOW)
        pages = uow._connection.exec_driver_sql("pragma page_count").scalar_one()
        uow._connection.exec_driver_sql(f"pragma max_page_count = {pages}")  # stays with the pooled connection

    with (
        pytest.raises(TemporaryError, match=r"its disk is full .*Nothing of this step was kept"),
        sqlite.write() as uow,
    ):
        uow.documents.add("inv_1", "invoice", b"x" * 1_000_000, NOW)

    with sqlite.write() as uow:
        uow._connection.exec_driver_sql("pragma max_page_count = 1000000")
        assert not uow.documents.has("inv_1", "invoice")
        assert len(uow.effects.of_subject("inv_1")) == 1
        uow.documents.add("inv_1", "invoice", b"x" * 1_000_000, NOW)


def test_a_read_only_ledger_is_one_clear_error(sqlite: SqlLedger) -> None:
    with sqlite.write() as uow:
        uow._connection.exec_driver_sql("pragma query_only = on")  # stays with the pooled connection

    with pytest.raises(TemporaryError, match="readonly") as caught, sqlite.write() as uow:
        uow.effects.intend(mail(), NOW)

    assert caught.value.code == "ledger_unavailable"


def test_a_locked_ledger_is_one_clear_error(sqlite: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    other = SqlLedger(sqlite.url)
    with other.engine.connect() as connection:
        connection.exec_driver_sql("pragma busy_timeout = 1")
    with sqlite.write(), pytest.raises(TemporaryError, match="locked"), other.write():
        pass


def test_a_damaged_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is no database" * 100)

    with pytest.raises(TemporaryError, match="not a database"):
        migrate(SqlLedger(f"sqlite:///{path}").engine)


def test_a_server_that_is_not_there_is_one_clear_error_without_the_password() -> None:
    ledger = SqlLedger("postgresql+psycopg://billing:hunter2@127.0.0.1:1/ledger")

    with pytest.raises(TemporaryError, match="cannot be used") as caught, ledger.read():
        pass

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            OperationalError("select a_secret", {}, Exception("disk\n  full" + "!" * 300)),
            f"its disk is full (disk full{'!' * 191}). Make room there.",
        ),
        (
            PoolTimeoutError("no connection is free"),
            "no connection is free. Mend it (disk space, rights, server).",
        ),
    ],
)
def test_what_the_database_says_is_told_in_one_line_and_not_at_length(error: Exception, reason: str) -> None:
    with pytest.raises(TemporaryError) as told, engine_module.failures_named():
        raise error

    assert told.value.sentence == (
        f"The ledger's database cannot be used: {reason}"
        " Nothing of this step was kept; it is done anew by itself once that is mended."
    )


def test_a_broken_rule_is_no_failure_of_the_database(ledger: SqlLedger) -> None:
    with pytest.raises(IntegrityError), ledger.write() as uow:
        uow._connection.execute(text("insert into pins (name) values ('a')"))


def test_a_reader_sees_one_moment_though_a_writer_commits(ledger: SqlLedger) -> None:
    with ledger.read() as reader:
        before = reader.records.horizon()
        with ledger.write() as uow:
            uow.records.keep("vsco", record(), None, NOW)
        assert reader.records.horizon() == before


def test_a_writer_that_waited_sees_what_the_one_before_it_wrote(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        first = uow.records.horizon()
        uow.records.keep("vsco", record(), None, NOW)
    with ledger.write() as uow:
        assert uow.records.horizon() > first


def test_the_durable_settings_of_sqlite_are_on(sqlite: SqlLedger) -> None:
    with sqlite.engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"pragma {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]

    assert found == ["wal", 2, 1, engine_module.BUSY_TIMEOUT_MS]


_KILLED = """
import os, signal, sys
sys.path[:0] = [{paths}]
from paper import finalize
from billing.adapters.ledger.unit_of_work import SqlLedger
with SqlLedger({url!r}).write() as books:
    finalize(books, "inv_killed", "o_killed")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_in_a_transaction_leaves_nothing_and_no_gap(ledger: SqlLedger) -> None:
    code = _KILLED.format(paths=repr(str(Path(__file__).parent)), url=ledger.url)

    ended = subprocess.run([sys.executable, "-c", code], check=False)

    assert ended.returncode == -9
    with ledger.write() as uow:
        assert finalize(uow).number == "INV-0001"
        assert uow.journal.broken_links() == []


def test_a_new_sqlite_ledger_and_its_log_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
            migrate(ledger.engine)
            modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(["ledger.db", "ledger.db-wal", "ledger.db-shm"], "0o600")


def test_an_sqlite_ledger_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(SqlLedger("sqlite:///:memory:")) as ledger, ledger.read():
        assert list(tmp_path.iterdir()) == []
