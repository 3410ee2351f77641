"""Known answers for autopay, reminders, DSO and CEI, and for the figures' weekly trends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from ledger_book import LedgerBook, noon

FiguresOf = Callable[..., Any]
JAN_1, JAN_31 = date(2026, 1, 1), date(2026, 1, 31)


def test_autopay_counts_charges_and_what_became_of_the_failed_ones(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    good, by_link, by_card, by_cheque, unpaid, void = (
        book.invoice(number, JAN_1, 10_000, collection="autopay") for number in "ABCDEF"
    )
    book.charge(good, noon(JAN_1))
    for invoice_id in (by_link, by_card, by_cheque, unpaid, void):
        book.charge(invoice_id, noon(JAN_1), state="failed")
    book.effect("charge", by_card, "autopay", noon(date(2026, 1, 5)), key="a later charge")
    for invoice_id, way in ((good, "autopay"), (by_link, "link"), (by_card, "autopay"), (by_cheque, "elsewhere")):
        book.pay(invoice_id, date(2026, 1, 5), method_kind=way)
    book.void(void, date(2026, 1, 6))

    row = figures_of(book, JAN_31).one("from autopay_periods")

    assert (row["span"], row["attempted"], row["succeeded"]) == ("last 90 days", 7, 2)
    assert row["success_share"] == 2 / 7
    assert (row["failed_invoices"], row["recovered_invoices"], row["recovery_share"]) == (4, 3, 0.75)
    assert (row["recovered_by_card"], row["recovered_by_link"], row["recovered_elsewhere"]) == (1, 1, 1)


def test_charges_belong_to_the_span_of_their_day(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    for number, day in (("A", JAN_31 - timedelta(days=89)), ("B", JAN_31 - timedelta(days=90))):
        book.charge(book.invoice(number, day, 10_000, collection="autopay"), noon(day))

    rows = figures_of(book, JAN_31).rows("from autopay_periods order by span")

    assert [(row["span"], row["attempted"], row["recovery_share"]) for row in rows] == [
        ("last 90 days", 1, None),
        ("previous 90 days", 1, None),
    ]


def test_a_reminder_has_yielded_when_the_invoice_is_paid_within_its_week(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    for number, days in (("A", 0), ("B", 7), ("C", 8), ("D", None)):
        invoice_id = book.invoice(number, JAN_1 - timedelta(days=14), 10_000)
        book.mail(invoice_id, "reminder:first_notice", noon(date(2026, 1, 5)))
        if days is not None:
            book.pay(invoice_id, date(2026, 1, 5) + timedelta(days=days))
    young = book.invoice("E", JAN_1, 10_000)
    book.mail(young, "reminder:first_notice", noon(date(2026, 1, 25)))  # has had its week only on 1 February
    book.mail(young, "reminder:second_notice", noon(date(2026, 1, 20)), state="failed")

    row = figures_of(book, JAN_31).one("from follow_up_yield")

    assert (row["stage"], row["reminders"], row["paid_in_time"], row["yield_share"]) == ("first_notice", 4, 2, 0.5)
    assert row["median_days_past_due"] == 4


def test_dso_and_collection_effectiveness_by_hand(figures_of: FiguresOf) -> None:
    # 31 January less 89 days is 3 November. Owed before: A 400. Billed since: B 1,000 less a retainer of 300, C 500.
    # Paid since: A 400 and B 200. Owed now: B 500 (due 15 December) and C 500 (due 3 February): 1,000, 500 not due.
    book = LedgerBook()
    before = book.invoice("A", date(2025, 10, 1), 40_000)
    book.pay(before, date(2025, 11, 20))
    part_paid = book.invoice("B", date(2025, 12, 1), 100_000, retainer=30_000)
    book.pay(part_paid, date(2025, 12, 5), 20_000)
    book.invoice("C", date(2026, 1, 20), 50_000)

    row = figures_of(book, JAN_31).one("from collection_periods where span = 'last 90 days'")

    assert (row["opening_minor"], row["sales_minor"]) == (40_000, 120_000)
    assert (row["closing_minor"], row["closing_not_due_minor"], row["days"]) == (100_000, 50_000, 90)
    assert row["dso_days"] == pytest.approx(100 / 120 * 90)
    assert row["effectiveness_share"] == pytest.approx((400 + 1_200 - 1_000) / (400 + 1_200 - 500))


def test_the_span_before_is_valued_on_its_own_last_day(figures_of: FiguresOf) -> None:
    # Its last day is 2 November: A was issued 33 days before, inclusive, and due on 15 October.
    book = LedgerBook()
    book.pay(book.invoice("A", date(2025, 10, 1), 40_000), date(2025, 11, 20))

    row = figures_of(book, JAN_31).one("from collection_periods where span = 'previous 90 days'")

    assert (row["opening_minor"], row["sales_minor"], row["closing_minor"]) == (0, 40_000, 40_000)
    assert (row["closing_not_due_minor"], row["days"], row["dso_days"]) == (0, 33, 33)
    assert row["effectiveness_share"] == 0


def test_without_credit_sales_there_is_no_dso(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    book.invoice("A", date(2025, 7, 1), 40_000)

    row = figures_of(book, JAN_31).one("from collection_periods where span = 'last 90 days'")

    assert (row["dso_days"], row["effectiveness_share"]) == (None, 0)


def test_completion_of_the_newest_thirty_days_that_have_had_their_window(figures_of: FiguresOf) -> None:
    # As of 2 March the newest span for 30 days is 2 to 31 January, the one 30 days before 3 December to 1 January.
    book = LedgerBook()
    for number, issued_on, days, amount in (
        ("A", date(2026, 1, 1), None, 5_000),
        ("B", date(2026, 1, 2), 30, 1_000),
        ("C", date(2026, 1, 20), 31, 3_000),
        ("D", date(2026, 2, 1), 0, 9_000),
    ):
        invoice_id = book.invoice(number, issued_on, amount)
        if days is not None:
            book.pay(invoice_id, issued_on + timedelta(days=days))

    rows = figures_of(book, date(2026, 3, 2)).rows(
        "from payment_completion_rolling where window_days = 30 and days_ago in (0, 28, 30) order by days_ago"
    )

    assert [(row["days_ago"], row["starts_on"], row["invoices"], row["share_by_count"], row["share_by_value"])
            for row in rows] == [
        (0, date(2026, 1, 2), 2, 0.5, 0.25),
        (28, date(2025, 12, 5), 2, 0.5, 1_000 / 6_000),
        (30, date(2025, 12, 3), 1, 0, 0),
    ]  # fmt: skip


def test_a_trends_last_point_is_the_figure_itself(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    for number, issued_on, days in (("A", JAN_1, 2), ("B", JAN_1, 4), ("C", date(2026, 1, 24), 6)):
        invoice_id = book.invoice(number, issued_on, 10_000)
        book.mail(invoice_id, "invoice", noon(issued_on) + timedelta(minutes=days))
        book.pay(invoice_id, issued_on + timedelta(days=days))

    figures = figures_of(book, JAN_31)

    rolling = figures.rows("from days_to_pay_summary where kind = 'rolling' order by ends_on")
    assert [(row["ends_on"], row["invoices"], row["km_median"]) for row in rolling] == [
        (date(2026, 1, 3), 2, 2), (date(2026, 1, 10), 2, 2), (date(2026, 1, 17), 2, 2), (date(2026, 1, 24), 3, 4),
        (JAN_31, 3, 4),
    ]  # fmt: skip
    processing = figures.rows("from invoice_processing_periods where ends_on = '2026-01-31' order by period")
    assert [(row["period"], row["p50_seconds"]) for row in processing] == [
        ("last 30 days", 360),
        ("rolling 30 days", 360),
    ]


def test_a_refused_reminder_is_named_by_its_invoice(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    invoice_id = book.invoice("INV-7", JAN_1, 10_000)
    book.invoice("INV-77", JAN_1, 10_000)
    for day in ("2026-01-12", "2026-01-19"):  # one a day that it was due on, of one purpose: still one matter
        key = f"mail:reminder:upcoming:{invoice_id}:{day}"
        book.effect("mail", invoice_id, "reminder:upcoming", noon(JAN_31), state="failed", key=key)
    book.mail("inv:INV-77", "reminder:upcoming", noon(JAN_31), state="failed")
    book.attention(f"mail:reminder:upcoming:{invoice_id}:2026-01-12", "Look at it.", noon(JAN_31))

    assert [row["subject"] for row in figures_of(book, JAN_31).rows("from needs_attention")] == ["INV-7"]
