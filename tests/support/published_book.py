"""From a hand-written ledger to figures, and reading them: from a published file, or built as they are asked for."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
from ledger_book import LedgerBook

from billing.adapters.warehouse import Warehouse
from billing.adapters.warehouse.extract import copy_ledger, read_only_uri

SQL_DIR = Path(__file__).parents[2] / "sql"

Rows = list[dict[str, Any]]


def evening(day: date) -> datetime:
    return datetime.combine(day, time(19), tzinfo=UTC)


class WarehouseInOneProcess(Warehouse):
    """Copies the ledger here: a process of its own takes longer to import what it needs than for all the rest.

    Nobody else has the ledger of a test open, so no lock is lost. The process is tested by test_warehouse_build.py.
    """

    def _copy_in_child(self, target: Path, at_most_bytes: int) -> dict[str, int]:
        return copy_ledger(read_only_uri(self._ledger_url), str(target))


def warehouse_over(
    folder: Path,
    book: LedgerBook,
    now: datetime,
    time_zone: str = "Europe/Berlin",
    kind: type[Warehouse] = Warehouse,
    **room: Any,
) -> Warehouse:
    """A warehouse of this book that takes `now` for the present; all its files are in `folder`."""
    (folder / "ledger.sqlite").unlink(missing_ok=True)
    url = book.save_sqlite(folder / "ledger.sqlite")
    paths = folder / "building.duckdb", folder / "warehouse.duckdb"
    return kind(url, *paths, SQL_DIR, time_zone, now=lambda: now, **room)


def publish_quickly(folder: Path, book: LedgerBook, now: datetime) -> Path:
    """The published file of this book."""
    return warehouse_over(folder, book, now, kind=WarehouseInOneProcess).rebuild().path


class Figures:
    """One file of figures, read table by table."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, query: str) -> Rows:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(query).pl().to_dicts()

    def one(self, query: str) -> dict[str, Any]:
        (row,) = self.rows(query)
        return row


class FiguresOnDemand(Figures):
    """The same figures, of which only those are built that a query reads, and what they read themselves."""

    def __init__(self, folder: Path, book: LedgerBook, now: datetime) -> None:
        super().__init__(folder / "building.duckdb")
        self._warehouse = warehouse_over(folder, book, now, kind=WarehouseInOneProcess)
        self._warehouse.extract()
        self._names = {relation.name for relation in self._warehouse.relations()}

    def rows(self, query: str) -> Rows:
        for name in sorted(self._names & set(re.findall(r"\w+", query))):
            self._warehouse.build(name)
        return super().rows(query)
