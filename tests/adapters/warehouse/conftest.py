"""A warehouse over a ledger that a test writes down itself, as of a day that it chooses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from ledger_book import LedgerBook
from published_book import Figures, FiguresOnDemand, WarehouseInOneProcess, evening, warehouse_over

from billing.adapters.warehouse import Warehouse


@pytest.fixture
def warehouse_of(tmp_path: Path) -> Callable[..., Warehouse]:
    """A warehouse of this book, as if it were the evening (19:00 UTC) of `as_of`; `kind=Warehouse` is the real one."""

    def make(
        book: LedgerBook,
        as_of: date,
        time_zone: str = "Europe/Berlin",
        kind: type[Warehouse] = WarehouseInOneProcess,
    ) -> Warehouse:
        return warehouse_over(tmp_path, book, evening(as_of), time_zone, kind)

    return make


@pytest.fixture
def figures_of(tmp_path: Path) -> Callable[..., Figures]:
    """The figures of this book as of a day."""

    def make(book: LedgerBook, as_of: date) -> Figures:
        return FiguresOnDemand(tmp_path, book, evening(as_of))

    return make
