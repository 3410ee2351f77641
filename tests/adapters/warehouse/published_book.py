"""From a hand-written ledger to a published file, and reading it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
from ledger_book import LedgerBook

from billing.adapters.warehouse import Warehouse

SQL_DIR = Path(__file__).parents[3] / "sql"

Rows = list[dict[str, Any]]


def evening(day: date) -> datetime:
    return datetime.combine(day, time(19), tzinfo=UTC)


def warehouse_over(
    folder: Path, book: LedgerBook, now: datetime, time_zone: str = "Europe/Berlin", **room: Any
) -> Warehouse:
    """A warehouse of this book that takes `now` for the present; all its files are in `folder`."""
    (folder / "ledger.sqlite").unlink(missing_ok=True)
    url = book.save_sqlite(folder / "ledger.sqlite")
    paths = folder / "building.duckdb", folder / "warehouse.duckdb"
    return Warehouse(url, *paths, SQL_DIR, time_zone, now=lambda: now, **room)


class Figures:
    """One published file, read table by table."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, query: str) -> Rows:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(query).pl().to_dicts()

    def one(self, query: str) -> dict[str, Any]:
        (row,) = self.rows(query)
        return row
