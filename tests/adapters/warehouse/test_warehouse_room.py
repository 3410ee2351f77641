"""The warehouse on a disk that runs full: it gives way, leaves nothing lying, and says why in a sentence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from ledger_book import LedgerBook
from published_book import WarehouseInOneProcess, warehouse_over
from synthetic_ledger import synthetic_book

from billing.adapters.warehouse import Warehouse
from billing.domain.errors import TemporaryError

DAY = date(2026, 1, 31)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MB = 1_000_000
WarehouseOf = Callable[..., Warehouse]
WarehouseOn = Callable[..., Warehouse]


class Disk:
    """A disk of which so much is free, whatever lies on the real one."""

    def __init__(self, free_mb: float) -> None:
        self.free_mb = free_mb

    def free(self, _folder: Path) -> int:
        return int(self.free_mb * MB)


@pytest.fixture
def over(tmp_path: Path) -> WarehouseOn:
    """A warehouse of a small book on this disk, of which it leaves 100 MB to the ledger."""

    def make(disk: Disk) -> Warehouse:
        book = LedgerBook()
        book.pay(book.invoice("A", date(2026, 1, 1), 10_000), date(2026, 1, 9))
        room = {"reserve_bytes": 100 * MB, "free_bytes": disk.free}
        return warehouse_over(tmp_path, book, NOON, kind=WarehouseInOneProcess, **room)

    return make


def files(folder: Path) -> list[str]:
    """Those of the warehouse."""
    return sorted(name for name in os.listdir(folder) if not name.startswith("ledger") and not name.endswith(".lock"))


def test_the_last_of_the_disk_is_the_ledgers(over: WarehouseOn, tmp_path: Path) -> None:
    disk = Disk(900)
    warehouse = over(disk)
    before = warehouse.rebuild().rows
    disk.free_mb = 99

    with pytest.raises(TemporaryError, match=r"99 MB are free at .*, and 100 MB stay free for the ledger") as refused:
        warehouse.rebuild()

    assert refused.value.code == "no_room"
    assert files(tmp_path) == ["warehouse.duckdb"]
    disk.free_mb = 900
    assert warehouse.rebuild().rows == before


def test_a_disk_that_runs_full_between_extract_and_publish_stops_the_publish(over: WarehouseOn, tmp_path: Path) -> None:
    disk = Disk(900)
    warehouse = over(disk)
    warehouse.extract()
    disk.free_mb = 100

    with pytest.raises(TemporaryError, match="for the ledger"):
        warehouse.publish()

    assert files(tmp_path) == []


def test_the_extract_cannot_write_more_than_its_part_of_the_disk(tmp_path: Path) -> None:
    warehouse = warehouse_over(
        tmp_path, synthetic_book(DAY, months=24, scale=2), NOON, reserve_bytes=100 * MB, free_bytes=Disk(101).free
    )

    with pytest.raises(TemporaryError, match="The figures are not made anew: 101 MB are free") as refused:
        warehouse.extract()

    assert refused.value.code == "no_room"
    assert files(tmp_path) == []


def test_what_a_crashed_step_left_is_deleted_by_the_next(warehouse_of: WarehouseOf, tmp_path: Path) -> None:
    warehouse = warehouse_of(synthetic_book(DAY, months=1), DAY)
    warehouse.extract()
    for name in ("warehouse.fresh", "warehouse.fresh.wal", "building.fresh", "building.fresh.wal"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / "building.duckdb.tmp").mkdir()
    (tmp_path / "building.duckdb.tmp" / "spilled").write_bytes(b"half")

    warehouse.build("stg_payments")

    assert files(tmp_path) == ["building.duckdb"]


def test_a_publish_that_fails_leaves_nothing_beside(
    warehouse_of: WarehouseOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = warehouse_of(synthetic_book(DAY, months=1), DAY)
    published = warehouse.rebuild()
    before = files(tmp_path)

    def full(_source: Path, _target: Path) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(TemporaryError, match="stay free for the ledger"):
        warehouse.publish()

    assert files(tmp_path) == [name for name in before if name == published.path.name]


def test_the_one_before_is_kept_while_there_is_room(over: WarehouseOn, tmp_path: Path) -> None:
    disk = Disk(900)
    warehouse = over(disk)
    first = warehouse.rebuild()
    shutil.copy(first.path, tmp_path / "first")
    warehouse.rebuild()

    assert files(tmp_path) == ["building.duckdb", "first", "warehouse.duckdb", "warehouse.previous.duckdb"]
    assert (tmp_path / "warehouse.previous.duckdb").read_bytes() == (tmp_path / "first").read_bytes()


def test_a_working_copy_that_another_program_holds_is_named_in_a_sentence(
    warehouse_of: WarehouseOf, tmp_path: Path
) -> None:
    warehouse = warehouse_of(synthetic_book(DAY, months=1), DAY)
    warehouse.extract()
    (tmp_path / "building.duckdb").write_bytes(b"spoiled" * 10_000)

    with pytest.raises(TemporaryError, match=r"a working copy was damaged .* the next one is new"):
        warehouse.publish()

    assert duckdb.connect(str(warehouse.rebuild().path), read_only=True).execute("from warehouse_info").fetchone()


def test_a_damaged_ledger_is_named_in_a_sentence(warehouse_of: WarehouseOf, tmp_path: Path) -> None:
    warehouse = warehouse_of(synthetic_book(DAY, months=1), DAY, kind=Warehouse)
    (tmp_path / "ledger.sqlite").write_bytes(b"spoiled" * 10_000)

    with pytest.raises(TemporaryError, match=r"The ledger could not be copied for the figures: its file is damaged"):
        warehouse.extract()
