"""Reading the published file: another day, another file, never a write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from ledger_book import LedgerBook
from synthetic_ledger import synthetic_book

from dashboards.queries import Figures, published_version

NOW = datetime(2026, 11, 21, 19, tzinfo=UTC)
EARLIER = date(2026, 8, 3)


def figures_at(path: Path, as_of: date | None = None) -> Figures:
    version = published_version(path)
    assert version is not None
    return Figures(version, as_of)


def test_an_earlier_day_gives_what_was_published_on_that_day(published: Callable[..., Path]) -> None:
    book = synthetic_book(NOW.date(), months=9, scale=0.5)
    later = figures_at(published(book, NOW), EARLIER)
    then = figures_at(published(book, datetime(2026, 8, 3, 19, tzinfo=UTC)))

    assert later.as_of == then.as_of == EARLIER
    for name in ("days_to_pay", "payment_completion", "days_to_pay_summary", "aging", "receivables", "aging_monthly",
                 "days_to_pay_curve", "invoice_processing_periods", "needs_attention",
                 "payment_completion_rolling", "autopay_periods", "follow_up_yield", "collection_periods"):  # fmt: skip
        ours, theirs = (figures.frame(f"from {name}").to_dicts() for figures in (later, then))
        assert sorted(map(repr, ours)) == sorted(map(repr, theirs)), name


def test_a_day_after_the_ledger_was_read_is_the_day_of_reading(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    book.invoice("A", date(2026, 11, 1), 10_000)

    assert figures_at(published(book, NOW), date(2027, 1, 1)).as_of == NOW.date()


def test_a_new_file_is_seen_while_the_old_one_is_still_open(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    book.invoice("A", date(2026, 11, 1), 10_000)
    path = published(book, NOW)
    before, old = published_version(path), figures_at(path)
    book.invoice("B", date(2026, 11, 2), 10_000)

    published(book, NOW)

    assert published_version(path) != before
    assert figures_at(path).receivables("EUR").height == 2
    assert old.receivables("EUR").height == 1


def test_before_the_first_publish_there_is_no_version(tmp_path: Path) -> None:
    assert published_version(tmp_path / "warehouse.duckdb") is None


def test_the_file_cannot_be_written_through_the_dashboard(published: Callable[..., Path]) -> None:
    figures = figures_at(published(LedgerBook(), NOW))

    with pytest.raises(duckdb.Error):
        figures.frame("create table published.main.scribble as select 1 as one")
    with pytest.raises(duckdb.Error):
        figures.frame("from read_text('/etc/hostname')")


def test_currencies_come_with_the_most_used_first(published: Callable[..., Path]) -> None:
    book = LedgerBook()
    for number, currency in (("A", "JPY"), ("B", "KWD"), ("C", "KWD")):
        book.invoice(number, date(2026, 11, 1), 10_000, currency=currency)

    assert figures_at(published(book, NOW)).info.currencies == ("KWD", "JPY")


def test_other_peoples_paths_may_hold_quotes(published: Callable[..., Path], tmp_path: Path) -> None:
    path = published(LedgerBook(), NOW)
    odd = tmp_path / "o'brien.duckdb"
    path.rename(odd)

    assert figures_at(odd).info.as_of == NOW.date()
