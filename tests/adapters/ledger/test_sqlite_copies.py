"""Copies of a SQLite file: how far they are, for whose eyes, and what is said of a damaged one."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.adapters.ledger import sqlite_copies
from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.errors import PermanentError

STAMP = "20260302T090000Z"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A ledger that nobody has open, and a copy of it beside."""
    path = tmp_path / "ledger.db"
    ledger = SqlLedger(f"sqlite:///{path}")
    migrate(ledger.engine)
    ledger.close()
    sqlite_copies.make_single(path)
    return path


@pytest.fixture
def any_eyes() -> Iterator[None]:
    """A process that lets everybody read what it writes, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def nothing(_done: int, _total: int) -> None:
    return


def test_it_is_told_how_many_bytes_are_copied_of_how_many(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_copies, "_PAGES_A_STEP", 10)
    told: list[tuple[int, int]] = []

    sqlite_copies.copy_running(place, tmp_path / "copy", lambda done, total: told.append((done, total)))

    size = (tmp_path / "copy").stat().st_size
    page = size // len(range(0, size, 4096))
    assert [total for _, total in told] == [size] * len(told)
    assert [done for done, _ in told] == [*range(10 * page, size, 10 * page), size]


@pytest.mark.usefixtures("any_eyes")
def test_all_that_a_restore_writes_is_for_its_owner_alone(place: Path) -> None:
    backup = place.with_name("backup")
    shutil.copy(place, backup)

    with sqlite_copies.replacing(f"sqlite:///{place}", backup, STAMP, nothing) as (staged, present, put_in_place):
        assert present == f"sqlite:///{place.with_name(f'ledger.before-restore-{STAMP}.db')}"
        copies = [Path(url.removeprefix("sqlite:///")) for url in (staged, present)]
        assert [stat.S_IMODE(path.stat().st_mode) for path in copies] == [0o600, 0o600]
        assert put_in_place() == str(copies[1])


def test_a_file_of_another_kind_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"this is no database" * 100)

    with pytest.raises(PermanentError) as damaged:
        sqlite_copies.check(tmp_path / "copy")

    assert damaged.value.code == "damaged_backup"
    assert damaged.value.sentence == (f"{tmp_path / 'copy'} is damaged (file is not a database); nothing was changed.")


def test_a_ledger_that_cannot_be_read_is_moved_aside_with_what_lies_beside_it(place: Path) -> None:
    backup = place.with_name("backup")
    place.rename(backup)
    for suffix in ("", "-wal", "-shm"):
        place.with_name(place.name + suffix).write_bytes(b"this is no database" * 100)

    with sqlite_copies.replacing(f"sqlite:///{place}", backup, STAMP, nothing) as (_, present, put_in_place):
        assert present is None
        kept = put_in_place()

    assert kept == str(place.with_name(f"ledger.before-restore-{STAMP}.db"))
    assert sorted(path.name for path in place.parent.iterdir()) == [
        "backup", f"ledger.before-restore-{STAMP}.db", f"ledger.before-restore-{STAMP}.db-shm",
        f"ledger.before-restore-{STAMP}.db-wal", "ledger.db",
    ]  # fmt: skip
    sqlite_copies.check(place)
