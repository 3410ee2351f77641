"""The page of the books: whether they agree, what differs with its amounts, and what is on its way to the bank."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from ledger_book import LedgerBook, noon
from streamlit.testing.v1 import AppTest
from test_dashboard_pages import TODAY, _at_home, open_screen, words

Publish = Callable[[LedgerBook, datetime], Path]
__all__ = ["_at_home"]


@pytest.fixture
def book() -> LedgerBook:
    book = LedgerBook()
    book.invoice("INV-2026-0001", TODAY - timedelta(days=20), 50_000)
    return book


def shown(publish: Publish, book: LedgerBook, as_of: date | None = None) -> AppTest:
    return open_screen("books", path=publish(book, noon(TODAY) + timedelta(hours=6)), as_of=as_of)


def compared(book: LedgerBook, days_ago: int = 0, *scopes: str) -> None:
    for scope in scopes or ("stripe", "vsco", "galleries"):
        book.compared(scope, noon(TODAY - timedelta(days=days_ago)))


def test_before_the_first_comparison_it_says_so(book: LedgerBook, published: Publish) -> None:
    app = shown(published, book)

    assert app.title[0].value == "The books have not been compared with the outside yet."
    assert "Each payout will stand here" in words(app)


def test_books_that_agree_are_said_to_agree(book: LedgerBook, published: Publish) -> None:
    compared(book)

    app = shown(published, book)

    assert app.title[0].value == "The books agree with Stripe, VSCO Workspace and the galleries."
    assert words(app).count("no difference") == 3
    assert "100 things compared today." in words(app)


@pytest.mark.parametrize(("days_ago", "scopes"), [(3, ()), (0, ("stripe",))], ids=["long ago", "only one"])
def test_what_was_not_compared_lately_is_never_said_to_agree(
    book: LedgerBook, published: Publish, days_ago: int, scopes: tuple[str, ...]
) -> None:
    compared(book, days_ago, *scopes)

    app = shown(published, book)

    assert app.title[0].value == "Nothing differed when the books were last compared."
    assert ("look at the job reconcile" in words(app)) is (days_ago == 3)


def test_a_difference_is_told_with_both_amounts_since_when_and_what_to_do(book: LedgerBook, published: Publish) -> None:
    compared(book)
    invoice_id = book.rows["invoices"][0]["invoice_id"]
    at = noon(TODAY - timedelta(days=3))
    book.difference(
        invoice_id,
        "order_changed",
        "Agree <b>with</b> Ada.",
        at,
        scope="vsco",
        ledger_minor=50_000,
        outside_minor=45_000,
    )
    book.difference("balance:EUR", "balance_differs", "Compare.", noon(TODAY), ledger_minor=0, outside_minor=123)
    book.difference("re_1", "refund_missing_here", "Gone since.", at, outside_minor=1, closed_at=noon(TODAY))

    app = shown(published, book)

    assert app.title[0].value == "2 things differ between the books and the outside."
    told = words(app)
    assert "<b>INV-2026-0001</b>" in told
    assert "VSCO Workspace, for 3 days" in told
    assert "Agree &lt;b&gt;with&lt;/b&gt; Ada." in told
    assert "In the books 500.00 EUR, outside 450.00 EUR: 50.00 EUR less" in told
    assert "<b>Stripe balance</b>" in told
    assert "In the books 0.00 EUR, outside 1.23 EUR: 1.23 EUR more" in told
    assert "Gone since" not in told


def test_a_difference_is_valued_as_of_the_chosen_day(book: LedgerBook, published: Publish) -> None:
    compared(book, 5)
    at = noon(TODAY - timedelta(days=4))
    book.difference("re_1", "refund_missing_here", "Look.", at, outside_minor=1, closed_at=noon(TODAY))

    assert "1 thing differs" in shown(published, book, as_of=TODAY - timedelta(days=2)).title[0].value


def test_payouts_say_what_is_on_its_way_and_what_they_are_made_of(book: LedgerBook, published: Publish) -> None:
    first = TODAY.replace(day=1)
    book.payout("po_1", first, first, [("payment", 50_000, 155), ("refund", -10_000, 0)])
    book.payout("po_2", TODAY, TODAY + timedelta(days=2), [("payment", 20_000, 55)], status="in_transit")

    app = shown(published, book)

    told = words(app)
    assert "On its way 199.45 EUR" in told
    assert f"Arrived in {TODAY:%B} 398.45 EUR" in told
    rows = app.dataframe[0].value.to_dict("records")
    assert [row["State"] for row in rows] == ["on its way", "arrived"]
    made_of = [
        rows[1][name].replace("\u00a0", " ") for name in ("Clients paid", "Went back", "Stripe kept", "To the bank")
    ]
    assert made_of == ["500.00 EUR", "−100.00 EUR", "1.55 EUR", "398.45 EUR"]
