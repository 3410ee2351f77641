"""Published files for the dashboard to read, made from a ledger as of a moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from built_once import built_once
from ledger_book import LedgerBook
from published_book import publish_quickly
from synthetic_ledger import synthetic_book


@pytest.fixture
def published(tmp_path: Path) -> Callable[[LedgerBook, datetime], Path]:
    """Publishes this book as if it were `now`; the path."""

    def publish(book: LedgerBook, now: datetime) -> Path:
        return publish_quickly(tmp_path, book, now)

    return publish


@pytest.fixture(scope="session")
def studio_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The published file of a believable studio in this currency, read from its ledger a moment ago."""

    def make(currency: str = "EUR") -> Path:
        def publish(folder: Path) -> None:
            now = datetime.now(UTC)
            publish_quickly(folder, synthetic_book(now.date(), months=7, currency=currency, scale=0.6), now)

        return built_once(tmp_path_factory, f"studio in {currency}", publish) / "warehouse.duckdb"

    return make
