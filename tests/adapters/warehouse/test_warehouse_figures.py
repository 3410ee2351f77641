"""Known answers: every figure of the dashboard on ledgers small enough to be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from ledger_book import LedgerBook, noon

FiguresOf = Callable[..., Any]
JAN_1, JAN_31 = date(2026, 1, 1), date(2026, 1, 31)


def paid_after(book: LedgerBook, number: str, days: int | None, amount: int = 10_000, **options: Any) -> str:
    """An invoice of 1 January, paid in full so many days later, or never."""
    invoice_id = book.invoice(number, JAN_1, amount, **options)
    if days is not None:
        book.pay(invoice_id, JAN_1 + timedelta(days=days))
    return invoice_id


def test_days_to_pay_counts_from_issue_to_the_last_part(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    invoice_id = book.invoice("A", JAN_1, 10_000)
    book.pay(invoice_id, date(2026, 1, 5), 4_000)
    book.pay(invoice_id, date(2026, 1, 20), 6_000)

    row = figures_of(book, JAN_31).one("from days_to_pay")

    assert (row["fully_paid_on"], row["days_to_pay"], row["days_late"]) == (date(2026, 1, 20), 19, 5)
    assert (row["is_on_time"], row["balance_minor"], row["paid_minor"]) == (False, 0, 10_000)


def test_a_retainer_lowers_what_is_asked_for_and_is_no_payment(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    book.invoice("A", JAN_1, 10_000, retainer=4_000)

    row = figures_of(book, JAN_31).one("from days_to_pay")

    assert (row["net_minor"], row["paid_minor"], row["balance_minor"], row["days_to_pay"]) == (6_000, 0, 6_000, None)


def test_what_was_paid_before_it_was_billed_was_paid_on_the_day_of_issue(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    invoice_id = book.invoice("A", JAN_1, 10_000, retainer=10_000, due_days=0)
    book.mail(invoice_id, "invoice", noon(JAN_1) + timedelta(minutes=2))

    figures = figures_of(book, date(2026, 4, 1))

    row = figures.one("from days_to_pay")
    assert (row["net_minor"], row["balance_minor"], row["fully_paid_on"]) == (0, 0, JAN_1)
    assert (row["days_to_pay"], row["is_on_time"]) == (0, True)
    completion = figures.rows("from payment_completion")
    assert [(row["share_by_count"], row["share_by_value"]) for row in completion] == [(1, None)] * 4  # of no value
    assert figures.one("from days_to_pay_summary where cohort = 'all'")["weighted_mean_days"] is None
    assert figures.one("from invoice_processing_time")["total_seconds"] == 120
    assert figures.one("from revenue_by_product_type")["revenue_minor"] == 10_000
    assert figures.rows("from receivables") == []


def test_it_counts_beside_what_was_asked_for(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    book.invoice("A", JAN_1, 10_000, retainer=10_000)
    paid_after(book, "B", 20)

    figures = figures_of(book, JAN_31)

    summary = figures.one("from days_to_pay_summary where cohort = 'all'")
    assert (summary["paid_invoices"], summary["mean_days"], summary["weighted_mean_days"]) == (2, 10, 20)
    done = figures.one("from payment_completion where window_name = 'to date'")
    assert (done["share_by_count"], done["share_by_value"]) == (1, 1)


def test_a_refund_takes_the_payment_back(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    invoice_id = paid_after(book, "A", 3)
    book.refund(invoice_id, date(2026, 1, 20), 2_500)

    figures = figures_of(book, JAN_31)

    assert figures.one("from days_to_pay")["days_to_pay"] is None
    assert figures.one("from receivables")["balance_minor"] == 2_500
    assert figures.one("from payment_completion where window_name = 'to date'")["share_by_count"] == 0


def test_a_refund_with_its_credit_note_leaves_the_invoice_paid(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    invoice_id = paid_after(book, "A", 3)
    book.refund(invoice_id, date(2026, 1, 20), 2_500)
    book.credit(invoice_id, date(2026, 1, 20), 2_500)

    row = figures_of(book, JAN_31).one("from days_to_pay")

    assert (row["net_minor"], row["paid_minor"], row["days_to_pay"]) == (7_500, 7_500, 3)


def test_a_void_or_fully_credited_invoice_counts_nowhere(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    part_paid = book.invoice("A", JAN_1, 10_000)
    book.pay(part_paid, date(2026, 1, 2), 4_000)
    book.void(part_paid, date(2026, 1, 3))
    book.credit(book.invoice("B", JAN_1, 5_000), date(2026, 1, 4), 5_000)

    figures = figures_of(book, JAN_31)

    assert figures.rows("from days_to_pay") == []
    assert figures.one("from aging where bucket = 'unapplied credit'")["amount_minor"] == 4_000


def test_what_was_written_off_was_not_paid(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    book.write_off(book.invoice("A", JAN_1, 10_000), date(2026, 1, 30))

    figures = figures_of(book, JAN_31)

    assert figures.one("from days_to_pay")["days_to_pay"] is None
    assert figures.rows("from receivables") == []
    assert figures.one("from payment_completion where window_name = 'to date'")["paid_invoices"] == 0


def test_payment_completion_by_count_and_value(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    for number, days, amount in (("A", 7, 1_000), ("B", 8, 2_000), ("C", 45, 3_000), ("D", None, 4_000)):
        paid_after(book, number, days, amount)

    rows = figures_of(book, date(2026, 6, 1)).rows("from payment_completion order by window_days nulls last")

    assert [(row["window_name"], row["share_by_count"], row["share_by_value"]) for row in rows] == [
        ("7 days", 0.25, 0.1),
        ("30 days", 0.5, 0.3),
        ("60 days", 0.75, 0.6),
        ("to date", 0.75, 0.6),
    ]


@pytest.mark.parametrize(
    ("as_of", "shown"),
    [
        (date(2026, 2, 6), {"to date"}),
        (date(2026, 2, 7), {"to date", "7 days"}),  # 31 January has had its 7 days
        (date(2026, 3, 2), {"to date", "7 days", "30 days"}),
        (date(2026, 4, 1), {"to date", "7 days", "30 days", "60 days"}),
    ],
)
def test_a_period_too_young_for_a_window_says_not_yet(figures_of: FiguresOf, as_of: date, shown: set[str]) -> None:
    book = LedgerBook()
    paid_after(book, "A", 2)

    rows = figures_of(book, as_of).rows("from payment_completion")

    assert {row["window_name"] for row in rows if row["share_by_count"] is not None} == shown
    assert {row["share_by_value"] for row in rows if row["window_name"] not in shown} <= {None}


def test_mean_median_and_weighted_days_of_the_paid(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    for number, days, amount in (("A", 2, 1_000), ("B", 10, 1_000), ("C", 30, 2_000), ("D", None, 9_000)):
        paid_after(book, number, days, amount)

    row = figures_of(book, date(2026, 3, 2)).one("from days_to_pay_summary where cohort = 'all'")

    assert (row["invoices"], row["paid_invoices"]) == (4, 3)
    assert (row["median_days"], row["mean_days"], row["weighted_mean_days"]) == (10, 14, 18)
    assert row["mean_days_late"] == (0 + 0 + 16 + 46) / 4  # due on day 14; D is 60 days old
    assert row["on_time_share"] == 0.5


def test_the_kaplan_meier_median_counts_open_invoices(figures_of: FiguresOf) -> None:
    # At risk 5: one pays on day 2 (4/5 left), one on day 4 (3/5), one was issued 5 days ago and is open,
    # of the last two one pays on day 6 (3/5 x 1/2 = 3/10). The median of the paid alone would be day 4.
    book = LedgerBook()
    for number, days in (("A", 2), ("B", 4), ("C", 6), ("D", None)):
        paid_after(book, number, days)
    book.invoice("E", JAN_31 - timedelta(days=5), 10_000)

    figures = figures_of(book, JAN_31)

    curve = figures.rows("from days_to_pay_curve where cohort = 'all' order by day")
    assert [(row["day"], row["at_risk"], round(row["open_share"], 9)) for row in curve] == [
        (2, 5, 0.8), (4, 4, 0.6), (5, 3, 0.6), (6, 2, 0.3), (30, 1, 0.3),
    ]  # fmt: skip
    assert figures.one("from days_to_pay_summary where cohort = 'all'")["km_median"] == 6


def test_without_half_of_them_paid_there_is_no_median_yet(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    paid_after(book, "A", 2)
    paid_after(book, "B", None)
    paid_after(book, "C", None)

    assert figures_of(book, JAN_31).one("from days_to_pay_summary where cohort = 'all'")["km_median"] is None


def test_aging_puts_each_open_amount_into_its_bucket(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    for days_past_due in (0, 1, 30, 31, 60, 61, 90, 91):
        book.invoice(f"D{days_past_due}", JAN_31 - timedelta(days=14 + days_past_due), 1_000 + days_past_due)

    rows = figures_of(book, JAN_31).rows("from aging order by position")

    assert [(row["bucket"], row["invoices"], row["amount_minor"]) for row in rows] == [
        ("current", 1, 1_000), ("1-30", 2, 2_031), ("31-60", 2, 2_091), ("61-90", 2, 2_151), ("91+", 1, 1_091),
    ]  # fmt: skip


def test_processing_time_by_stage_for_an_invoice_that_was_mailed(figures_of: FiguresOf) -> None:
    seen = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    book = LedgerBook()
    invoice_id = book.invoice("A", JAN_1, 10_000, observed_at=seen, session_on=date(2025, 12, 30))
    book.render(invoice_id, seen + timedelta(seconds=20))
    book.mail(invoice_id, "invoice", seen + timedelta(hours=25))

    row = figures_of(book, JAN_31).one("from invoice_processing_time")

    assert (row["pricing_seconds"], row["rendering_seconds"], row["total_seconds"]) == (5, 15, 90_000)
    assert row["is_within_promise"] is False
    assert (row["observed_on"], row["sent_on"]) == (date(2026, 1, 2), date(2026, 1, 3))  # half past midnight in Berlin
    assert row["days_after_session"] == 4


def test_where_a_charge_was_announced_sent_means_announced(figures_of: FiguresOf) -> None:
    """The days of notice are the client's, not the pipeline's."""
    start = noon(JAN_1)
    book = LedgerBook()
    announced = book.invoice("A", JAN_1, 10_000, collection="autopay", due_days=3)
    book.mail(announced, "invoice", start + timedelta(seconds=10))
    book.charge(announced, start + timedelta(days=3))

    assert figures_of(book, JAN_31).one("from invoice_processing_time")["total_seconds"] == 10


def test_where_a_card_is_charged_at_once_sent_means_charged_or_told_that_it_failed(figures_of: FiguresOf) -> None:
    start = noon(JAN_1)
    book = LedgerBook()
    charged, refused, waiting = (
        book.invoice(number, JAN_1, 10_000, collection="autopay", due_days=0) for number in "ABC"
    )
    book.mail(charged, "invoice", start + timedelta(seconds=10))
    book.charge(charged, start + timedelta(seconds=60))
    book.charge(refused, start + timedelta(seconds=60), state="failed")
    book.mail(refused, "payment_failed", start + timedelta(seconds=90))
    book.mail(waiting, "invoice", start)

    rows = figures_of(book, JAN_31).rows("from invoice_processing_time order by number")

    assert [row["total_seconds"] for row in rows] == [60, 90, None]


def test_an_unsent_invoice_breaks_the_promise_once_its_time_is_up(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    book.mail(book.invoice("A", date(2026, 1, 20), 10_000), "invoice", noon(date(2026, 1, 20)) + timedelta(minutes=4))
    book.invoice("B", date(2026, 1, 20), 10_000)
    book.invoice("C", JAN_31, 10_000)

    row = figures_of(book, JAN_31).one("from invoice_processing_periods where period = 'last 30 days'")

    assert (row["invoices"], row["sent_invoices"], row["p50_seconds"], row["within_promise_share"]) == (3, 1, 240, 0.5)


def test_the_invoice_after_a_void_says_nothing_about_processing(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    book.void(book.invoice("A", JAN_1, 10_000, session_id="s"), date(2026, 1, 3))
    book.invoice("B", date(2026, 1, 5), 10_000, session_id="s", revision=2, observed_at=noon(JAN_1))

    assert [row["number"] for row in figures_of(book, JAN_31).rows("from invoice_processing_time")] == ["A"]


def test_revenue_comes_from_the_journal_net_of_tax_and_voids(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    book.invoice("A", JAN_1, 11_900, tax_minor=1_900, product_type="Prints")
    book.void(book.invoice("B", JAN_1, 5_000, product_type="Albums"), date(2026, 1, 2))

    rows = figures_of(book, JAN_31).rows("from revenue_by_product_type order by product_type")

    assert [(row["product_type"], row["revenue_minor"], row["lines"]) for row in rows] == [
        ("Albums", 0, 1),
        ("Prints", 10_000, 1),
    ]


def test_receipts_by_day_and_way_with_fees_and_what_is_left_over(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    invoice_id = book.invoice("A", JAN_1, 10_000)
    book.pay(invoice_id, date(2026, 1, 2), 10_500, fee=180)

    row = figures_of(book, JAN_31).one("from payments_daily")

    assert (row["payments"], row["amount_minor"], row["fee_minor"], row["unallocated_minor"]) == (1, 10_500, 180, 500)


def test_each_currency_has_figures_of_its_own(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    paid_after(book, "J", 5, 50_000, currency="JPY")
    paid_after(book, "K", None, 12_345, currency="KWD")

    figures = figures_of(book, JAN_31)

    summary = figures.rows("from days_to_pay_summary where cohort = 'all' order by currency")
    assert [(row["currency"], row["invoices"], row["median_days"]) for row in summary] == [
        ("JPY", 1, 5),
        ("KWD", 1, None),
    ]
    owed = figures.rows("select currency, sum(amount_minor) as owed from aging group by currency order by currency")
    assert [(row["currency"], int(row["owed"])) for row in owed] == [("JPY", 0), ("KWD", 12_345)]


def test_what_needs_attention_is_named_as_the_studio_knows_it(figures_of: FiguresOf) -> None:
    book = LedgerBook()
    invoice_id = book.invoice("INV-7", JAN_1, 10_000)
    payment_id = book.pay(invoice_id, JAN_1)
    book.session("vsco:9", "Wedding Lang", noon(JAN_1), state="attention")
    book.mail(payment_id, "receipt", noon(JAN_1), state="failed")
    subjects = (invoice_id, payment_id, "vsco:9", f"mail:receipt:{payment_id}", "settings")
    for subject_id in subjects:
        book.attention(subject_id, "Look at it.", noon(date(2026, 1, 30)))

    rows = figures_of(book, JAN_31).rows("from needs_attention order by attention_id")

    assert [row["subject"] for row in rows] == ["INV-7", "INV-7", "Wedding Lang", "INV-7", "settings"]
    assert {row["days_open"] for row in rows} == {1}
