"""Published files for the dashboard to read, made from a ledger as of a moment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "adapters" / "warehouse"))

from ledger_book import LedgerBook
from published_book import warehouse_over
from synthetic_ledger import synthetic_book


@pytest.fixture
def published(tmp_path: Path) -> Callable[[LedgerBook, datetime], Path]:
    """Publishes this book as if it were `now`; the path."""

    def publish(book: LedgerBook, now: datetime) -> Path:
        return warehouse_over(tmp_path, book, now).rebuild().path

    return publish


@pytest.fixture(scope="session")
def studio_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The published file of a believable studio in this currency, read from its ledger a moment ago."""
    made: dict[str, Path] = {}

    def make(currency: str = "EUR") -> Path:
        if currency not in made:
            now = datetime.now(UTC)
            book = synthetic_book(now.date(), months=7, currency=currency, scale=0.6)
            made[currency] = warehouse_over(tmp_path_factory.mktemp(currency), book, now).rebuild().path
        return made[currency]

    return make
