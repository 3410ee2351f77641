"""What went back, by month of issue: worked out by hand on ledgers of a few invoices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from ledger_book import LedgerBook, noon

from billing.domain import settlement_books as postings
from billing.domain.money import Money

FiguresOf = Callable[..., Any]
JAN_1, JAN_20, JAN_31 = date(2026, 1, 1), date(2026, 1, 20), date(2026, 1, 31)
NOTHING = Money(0, "EUR")


def refunded(book: LedgerBook, invoice_id: str, minor: int, status: str = "succeeded") -> None:
    refund_id = f"re_{len(book.rows['refunds']) + 1}"
    moved = book.moved("refund", refund_id, -minor, 0, JAN_20, invoice_id)
    client_id = book.invoices[invoice_id].client.client_id
    book.post(postings.post_refund(moved, invoice_id, client_id, NOTHING, JAN_20))
    book.put(
        "refunds", refund_id=refund_id, provider="stripe", provider_payment_id="pi", invoice_id=invoice_id,
        currency="EUR", amount_minor=minor, status=status, reason="", effect_key=None, created_at=noon(JAN_20),
        recorded_at=noon(JAN_20),
    )  # fmt: skip


def disputed(book: LedgerBook, invoice_id: str, minor: int, status: str) -> None:
    dispute_id = f"dp_{len(book.rows['disputes']) + 1}"
    book.put(
        "disputes", dispute_id=dispute_id, provider="stripe", provider_payment_id="pi", invoice_id=invoice_id,
        currency="EUR", amount_minor=minor, status=status, reason="fraudulent", opened_at=noon(JAN_20),
        evidence_due_at=None, recorded_at=noon(JAN_20),
    )  # fmt: skip
    if status == "inquiry":
        return
    moved = book.moved("dispute", dispute_id, -minor, 1_500, JAN_20, invoice_id)
    book.post(postings.post_dispute(moved, invoice_id, dispute_id, JAN_20))
    if status == "lost":
        client_id, held = book.invoices[invoice_id].client.client_id, Money(minor, "EUR")
        book.post(postings.post_dispute_lost(dispute_id, invoice_id, client_id, held, NOTHING, JAN_20))


def paid(book: LedgerBook, number: str, minor: int = 10_000) -> str:
    invoice_id = book.invoice(number, JAN_1, minor)
    book.pay(invoice_id, JAN_1)
    return invoice_id


def test_a_lost_dispute_takes_the_payment_back_and_an_open_one_does_not(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    disputed(book, paid(book, "A"), 10_000, "lost")
    disputed(book, paid(book, "B"), 10_000, "open")

    figures = figures_of(book, JAN_31)

    assert figures.one("from days_to_pay where number = 'A'")["paid_minor"] == 0
    assert figures.one("from days_to_pay where number = 'A'")["balance_minor"] == 10_000
    assert figures.one("from days_to_pay where number = 'B'")["balance_minor"] == 0
    assert figures.one("from payment_completion where window_name = 'to date'")["share_by_count"] == 0.5


def test_rates_of_what_went_back_by_count_and_value(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    refunded(book, paid(book, "A"), 2_500)
    returned = paid(book, "B")
    refunded(book, returned, 5_000, "failed")
    disputed(book, paid(book, "C"), 10_000, "lost")
    disputed(book, paid(book, "D"), 4_000, "won")
    disputed(book, paid(book, "E"), 10_000, "inquiry")
    loss = book.invoice("F", JAN_1, 50_000)
    book.write_off(loss, JAN_20)

    row = figures_of(book, JAN_31).one("from money_back")

    assert (row["invoices"], row["billed_minor"]) == (6, 100_000)
    assert (row["refunded_invoices"], row["refunded_minor"]) == (1, 2_500)
    assert (row["disputed_invoices"], row["disputed_minor"]) == (2, 14_000)
    assert (row["lost_invoices"], row["lost_minor"]) == (1, 10_000)
    assert (row["written_off_invoices"], row["written_off_minor"]) == (1, 50_000)
    assert (row["refund_rate_by_value"], row["dispute_rate_by_value"], row["write_off_rate_by_value"]) == (
        0.025,
        0.14,
        0.5,
    )
    assert row["dispute_rate_by_count"] == 2 / 6


def test_what_a_bank_or_a_refund_asks_is_named_by_its_invoice(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    invoice_id = book.invoice("INV-7", JAN_1, 10_000)
    book.pay(invoice_id, JAN_1)
    refunded(book, invoice_id, 1_000)
    disputed(book, invoice_id, 2_000, "open")
    for subject_id in ("re_1", "dp_1"):
        book.attention(subject_id, "Look at it.", noon(JAN_20))

    assert [row["subject"] for row in figures_of(book, JAN_31).rows("from needs_attention")] == ["INV-7", "INV-7"]
