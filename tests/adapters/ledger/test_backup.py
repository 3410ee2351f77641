"""Backup and restore: one moment's copy while others write, whole or refused, and put in place in one step."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from billing.adapters.ledger.backup import Contents, back_up, manifest_path, read_manifest, restore
from billing.adapters.ledger.migrate import newest_revision
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.effects import EffectKind, Intent
from billing.domain.errors import PermanentError

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STAMP = "20260302T090000Z"


@pytest.fixture
def copy(ledger: SqlLedger, tmp_path: Path) -> Path:
    """A backup in which there is one intent; the ledger has a second one since."""
    _intend(ledger, "first")
    path = tmp_path / "backups" / "copy"
    back_up(ledger.url, path, NOW)
    _intend(ledger, "second")
    ledger.close()
    return path


@pytest.fixture(autouse=True)
def databases_kept_aside(url: str) -> Iterator[None]:
    """What a restore keeps is of this test alone."""
    yield
    at = make_url(url)
    if at.get_backend_name() == "postgresql":
        engine = create_engine(at.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            names = connection.execute(text("select datname from pg_database")).scalars()
            for name in [one for one in names if one.startswith(f"{at.database}_")]:
                connection.execute(text(f'drop database "{name}" with (force)'))
        engine.dispose()


def _intend(ledger: SqlLedger, subject: str) -> None:
    with ledger.write() as uow:
        uow.operations.pin("stripe_account", "acct_1 test", NOW)
        uow.effects.intend(Intent(EffectKind.CHARGE, "autopay", subject, {}), NOW)


def _subjects(url: str) -> list[str]:
    ledger = SqlLedger(url)
    try:
        with ledger.engine.connect() as connection, connection.begin():
            return list(connection.execute(text("select subject_id from effects order by subject_id")).scalars())
    finally:
        ledger.close()


def _hold(ledger: SqlLedger, present: Contents | None) -> None:
    with ledger.write() as uow:
        uow.operations.place_hold("restored", "a test", "olga", NOW)


@contextmanager
def refused(code: str, sentence: str) -> Iterator[None]:
    with pytest.raises(PermanentError, match=sentence) as told:
        yield
    assert told.value.code == code


def test_a_backup_is_put_back_and_what_was_there_is_kept(ledger: SqlLedger, copy: Path) -> None:
    kept = restore(ledger.url, copy, STAMP, _hold)

    assert _subjects(ledger.url) == ["first"]
    assert _subjects(_kept_url(ledger.url, kept)) == ["first", "second"]


def test_the_hold_is_inside_before_the_copy_takes_the_place(ledger: SqlLedger, copy: Path) -> None:
    seen: list[list[str]] = []

    def prepare(staged: SqlLedger, present: Contents | None) -> None:
        _hold(staged, present)
        if ledger.engine.dialect.name == "postgresql":  # SQLite's is locked meanwhile
            seen.append(_subjects(ledger.url))
        assert staged.url != ledger.url

    restore(ledger.url, copy, STAMP, prepare)

    with ledger.read() as uow:
        assert [hold.cause for hold in uow.operations.holds()] == ["restored"]
    assert seen in ([], [["first", "second"]])


def test_a_restore_that_fails_while_preparing_changes_nothing(ledger: SqlLedger, copy: Path) -> None:
    def prepare(staged: SqlLedger, present: Contents | None) -> None:
        raise RuntimeError("no idea")

    with pytest.raises(RuntimeError):
        restore(ledger.url, copy, STAMP, prepare)

    assert _subjects(ledger.url) == ["first", "second"]


def test_the_manifest_says_what_the_copy_is(ledger: SqlLedger, copy: Path) -> None:
    manifest = read_manifest(copy)

    assert manifest is not None
    assert (manifest.schema, manifest.stripe_account) == (newest_revision(), "acct_1 test")
    assert (manifest.made_at, manifest.size_bytes) == ("2026-03-02T09:00:00+00:00", copy.stat().st_size)
    assert manifest.database == ("sqlite" if ledger.engine.dialect.name == "sqlite" else "postgresql")
    with ledger.read() as uow:
        assert manifest.position == uow.journal.position()


def test_copy_and_manifest_are_for_their_owner_alone(ledger: SqlLedger, copy: Path) -> None:
    assert [stat.S_IMODE(path.stat().st_mode) for path in (copy, manifest_path(copy))] == [0o600, 0o600]
    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy", "copy.json"]


def test_a_backup_is_never_written_over(ledger: SqlLedger, copy: Path) -> None:
    before = copy.read_bytes()
    with refused("backup_exists", "never written over"):
        back_up(ledger.url, copy, NOW)

    assert copy.read_bytes() == before


def test_a_copy_that_another_backup_makes_is_left_to_it(ledger: SqlLedger, tmp_path: Path) -> None:
    growing = tmp_path / ".copy.copying"
    growing.write_bytes(b"half of another's")
    with refused("backup_under_way", rf"^Another backup to {tmp_path / 'copy'} is at work.*delete {growing}\.$"):
        back_up(ledger.url, tmp_path / "copy", NOW)

    assert growing.read_bytes() == b"half of another's"
    assert not (tmp_path / "copy").exists()


def test_what_came_to_the_name_meanwhile_stays(
    ledger: SqlLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "copy"
    monkeypatch.setattr("billing.adapters.ledger.backup.sync", lambda path: target.write_bytes(b"another's"))
    with refused("backup_exists", f"^{target} came there meanwhile"):
        back_up(ledger.url, target, NOW)

    assert target.read_bytes() == b"another's"
    assert not (tmp_path / ".copy.copying").exists()


@pytest.mark.parametrize("where", ["first", "middle", "end"])
def test_a_backup_with_a_byte_changed_or_cut_off_is_refused(ledger: SqlLedger, copy: Path, where: str) -> None:
    content = bytearray(copy.read_bytes())
    at = {"first": 20, "middle": len(content) // 2, "end": len(content) - 1}[where]
    content[at] ^= 0xFF
    copy.write_bytes(bytes(content[:-1]) if where == "end" else bytes(content))

    with refused("damaged_backup", "damaged"):
        restore(ledger.url, copy, STAMP, _hold)
    assert _subjects(ledger.url) == ["first", "second"]


def test_a_file_that_is_no_ledger_is_refused_without_a_manifest_too(ledger: SqlLedger, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense"
    nonsense.write_bytes(b"not a ledger" * 1000)
    ledger.close()

    with pytest.raises(PermanentError, match=r"damaged|cannot be restored"):
        restore(ledger.url, nonsense, STAMP, _hold)


def test_a_backup_that_is_not_there_is_refused(ledger: SqlLedger, tmp_path: Path) -> None:
    with refused("no_backup", "There is no .*nowhere"):
        restore(ledger.url, tmp_path / "nowhere", STAMP, _hold)


def test_a_backup_of_the_other_database_is_refused(ledger: SqlLedger, copy: Path) -> None:
    here = ledger.engine.dialect.name
    there = "postgresql" if here == "sqlite" else "sqlite"
    told = json.loads(manifest_path(copy).read_text(encoding="utf-8"))
    manifest_path(copy).write_text(json.dumps(told | {"database": there}), encoding="utf-8")

    with refused("other_database", f"is of {there}, the ledger is on {here}"):
        restore(ledger.url, copy, STAMP, _hold)
    assert _subjects(ledger.url) == ["first", "second"]


def test_a_manifest_that_cannot_be_read_is_said_to_be(ledger: SqlLedger, copy: Path) -> None:
    manifest_path(copy).write_text("{", encoding="utf-8")

    with refused("manifest", r"copy\.json cannot be read .*; move it away to go on without it"):
        restore(ledger.url, copy, STAMP, _hold)


def test_a_folder_for_backups_is_made_for_its_owner_alone(ledger: SqlLedger, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "march" / "copy"
    back_up(ledger.url, target, NOW)

    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700


def test_a_backup_of_another_stripe_account_is_refused(ledger: SqlLedger, copy: Path) -> None:
    with ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(text("update pins set value = 'acct_2 live'"))
    ledger.close()

    with refused("wrong_account", "belongs to Stripe account acct_1 test, this ledger to acct_2 live"):
        restore(ledger.url, copy, STAMP, _hold)
    assert _subjects(ledger.url) == ["first", "second"]


def test_a_backup_of_a_newer_program_is_refused(ledger: SqlLedger, tmp_path: Path) -> None:
    with ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(text("update alembic_version set version_num = '9999'"))
    copy = tmp_path / "newer"
    back_up(ledger.url, copy, NOW)
    ledger.close()

    with refused("newer_schema", "newer version of this program"):
        restore(ledger.url, copy, STAMP, _hold)


def test_a_ledger_that_another_process_has_open_is_not_replaced(ledger: SqlLedger, copy: Path) -> None:
    """Even one that does nothing at the moment: a daemon between two looks."""
    with _idle_process(ledger.url), pytest.raises(PermanentError, match="stop the pipeline"):
        restore(ledger.url, copy, STAMP, _hold)

    assert _subjects(ledger.url) == ["first", "second"]
    restore(ledger.url, copy, STAMP.replace("09", "10"), _hold)
    assert _subjects(ledger.url) == ["first"]


def test_a_copy_made_while_others_write_is_of_one_moment(ledger: SqlLedger, tmp_path: Path) -> None:
    """Each transaction writes a pair; a copy that holds half of one is no copy of any moment."""
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.is_set():
            number += 1
            with ledger.write() as uow:
                for half in ("a", "b"):
                    uow.effects.intend(Intent(EffectKind.CHARGE, half, f"{number:06}{half}", {}), NOW)

    writer = threading.Thread(target=write)
    writer.start()
    copies = [tmp_path / f"copy-{number}" for number in range(3)]
    try:
        manifests = [back_up(ledger.url, copy, NOW) for copy in copies]
    finally:
        over.set()
        writer.join()
    ledger.close()

    assert len({manifest.sha256 for manifest in manifests}) == 3
    for number, copy in enumerate(copies):
        restore(ledger.url, copy, f"20260302T09000{number}Z", _hold)
        halves = _subjects(ledger.url)
        assert len(halves) % 2 == 0
        assert {subject[:6] + "a" for subject in halves} == {subject for subject in halves if subject.endswith("a")}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_lost_ledger_is_restored_from_nothing(ledger: SqlLedger, copy: Path) -> None:
    Path(ledger.engine.url.database or "").unlink()

    assert restore(ledger.url, copy, STAMP, _hold) == "nowhere: there was none"
    assert _subjects(ledger.url) == ["first"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_ledger_that_cannot_be_read_any_more_is_moved_aside_with_its_log(ledger: SqlLedger, copy: Path) -> None:
    place = Path(ledger.engine.url.database or "")
    place.write_bytes(b"the disk has eaten it" * 500)
    place.with_name(f"{place.name}-wal").write_bytes(b"stale")

    kept = Path(restore(ledger.url, copy, STAMP, _hold))

    assert kept.read_bytes().startswith(b"the disk has eaten it")
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == b"stale"
    assert _subjects(ledger.url) == ["first"]


_IDLE = """
import sys, time
from billing.adapters.ledger.unit_of_work import SqlLedger
ledger = SqlLedger(sys.argv[1])
with ledger.read() as books:
    books.journal.position()
print("open", flush=True)
time.sleep(60)
"""


class _idle_process:
    """Another process with the ledger open, and no transaction."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        command = [sys.executable, "-c", _IDLE, self._url]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert self._process.stdout.readline() == "open\n"

    def __exit__(self, *_error: object) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _kept_url(url: str, kept: str) -> str:
    database = kept.removeprefix("database ")
    return make_url(url).set(database=database).render_as_string(hide_password=False)
