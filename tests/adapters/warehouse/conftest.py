"""A warehouse over a ledger that a test writes down itself, as of a day that it chooses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from billing.adapters.warehouse import Warehouse

sys.path.insert(0, str(Path(__file__).parent))

from ledger_book import LedgerBook

SQL_DIR = Path(__file__).parents[3] / "sql"

Rows = list[dict[str, Any]]


class Figures:
    """The published file of one test, read table by table."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, query: str) -> Rows:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(query).pl().to_dicts()

    def one(self, query: str) -> dict[str, Any]:
        (row,) = self.rows(query)
        return row


@pytest.fixture
def warehouse_of(tmp_path: Path) -> Callable[..., Warehouse]:
    """A warehouse of this book, as if it were the evening (19:00 UTC) of `as_of`."""

    def make(book: LedgerBook, as_of: date, time_zone: str = "Europe/Berlin") -> Warehouse:
        url = book.save_sqlite(tmp_path / "ledger.sqlite")
        evening = datetime.combine(as_of, time(19), tzinfo=UTC)
        return Warehouse(
            url, tmp_path / "building.duckdb", tmp_path / "published.duckdb", SQL_DIR, time_zone, now=lambda: evening
        )

    return make


@pytest.fixture
def figures_of(warehouse_of: Callable[..., Warehouse]) -> Callable[..., Figures]:
    """The published figures of this book as of a day."""

    def make(book: LedgerBook, as_of: date, time_zone: str = "Europe/Berlin") -> Figures:
        return Figures(warehouse_of(book, as_of, time_zone).rebuild().path)

    return make
