"""Each posting whole: its id, by which it is posted once, its kind, whom it is about, its day and all its sides."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from billing.domain import settlement_books as uow
from billing.domain.books import Entry, Posting
from billing.domain.money import Money
from billing.domain.settlements import Movement, MovementKind

DAY = date(2026, 3, 2)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def moved(kind: MovementKind, minor: int, source_id: str = "src_1", description: str = "") -> Movement:
    return Movement("txn_1", kind, source_id, eur(minor), eur(7), datetime(2026, 3, 2, 9, tzinfo=UTC), description)


def posting(name: str, kind: str, subject: str, *sides: tuple[str, str, int]) -> Posting:
    return Posting(
        name, kind, subject, DAY, tuple(Entry(account, detail, eur(minor)) for account, detail, minor in sides)
    )


CASES = {
    "a fee that was told late": (
        lambda: uow.post_late_fee("pay_1", "inv_1", eur(29), DAY),
        posting("fee:pay_1", "fee_told", "inv_1", ("fees", "stripe", 29), ("stripe_clearing", "", -29)),
    ),
    "a refund of credit and of what was paid": (
        lambda: uow.post_refund(moved(MovementKind.REFUND, -500), "inv_1", "c1", eur(200), DAY),
        posting(
            "moved:txn_1", "refund", "inv_1", ("receivable", "inv_1", 300), ("client_credit", "c1", 200),
            ("fees", "stripe", 7), ("stripe_clearing", "", -507),
        ),
    ),
    "a refund of one cent that came back": (
        lambda: uow.post_refund(moved(MovementKind.REFUND_RETURNED, 1), "inv_1", "c1", eur(1), DAY),
        posting(
            "moved:txn_1", "refund_returned", "inv_1", ("client_credit", "c1", -1), ("fees", "stripe", 7),
            ("stripe_clearing", "", -6),
        ),
    ),
    "a refund of one cent": (
        lambda: uow.post_refund(moved(MovementKind.REFUND, -1), "inv_1", "c1", eur(1), DAY),
        posting(
            "moved:txn_1", "refund", "inv_1", ("client_credit", "c1", 1), ("fees", "stripe", 7),
            ("stripe_clearing", "", -8),
        ),
    ),
    "a dispute": (
        lambda: uow.post_dispute(moved(MovementKind.DISPUTE, -500), "inv_1", "dp_1", DAY),
        posting(
            "moved:txn_1", "dispute", "inv_1", ("disputed", "dp_1", 500), ("fees", "dispute", 7),
            ("stripe_clearing", "", -507),
        ),
    ),
    "a lost dispute": (
        lambda: uow.post_dispute_lost("dp_1", "inv_1", "c1", eur(500), eur(100), DAY),
        posting(
            "lost:dp_1", "dispute_lost", "inv_1", ("receivable", "inv_1", 400), ("client_credit", "c1", 100),
            ("disputed", "dp_1", -500),
        ),
    ),
    "a payout": (
        lambda: uow.post_payout(moved(MovementKind.PAYOUT, -900), "po_1", DAY),
        posting(
            "moved:txn_1", "payout", "po_1", ("bank", "po_1", 900), ("fees", "payout", 7), ("stripe_clearing", "", -907)
        ),
    ),
    "what moved without us, described": (
        lambda: uow.post_other(moved(MovementKind.OTHER, -700, "fee_1", "Radar"), DAY),
        posting(
            "moved:txn_1", "other", "fee_1", ("stripe_other", "Radar", 700), ("fees", "stripe", 7),
            ("stripe_clearing", "", -707),
        ),
    ),
    "what moved without us, of no source and without a word": (
        lambda: uow.post_other(moved(MovementKind.OTHER, -700, ""), DAY),
        posting(
            "moved:txn_1", "other", "txn_1", ("stripe_other", "other", 700), ("fees", "stripe", 7),
            ("stripe_clearing", "", -707),
        ),
    ),
    "what lay there before": (
        lambda: uow.post_opening("stripe", eur(1234), DAY),
        posting(
            "opening:stripe:EUR", "balance_opened", "stripe", ("stripe_clearing", "", 1234),
            ("opening_balance", "stripe", -1234),
        ),
    ),
    "what is given up": (
        lambda: uow.post_write_off("inv_1", eur(300), "7", DAY),
        posting("written_off:7", "written_off", "inv_1", ("bad_debt", "inv_1", 300), ("receivable", "inv_1", -300)),
    ),
    "what is asked for less, with tax and discount": (
        lambda: uow.post_credit(
            [
                Entry("receivable", "inv_1", eur(1000)), Entry("revenue", "Portrait", eur(-950)),
                Entry("tax_payable", "VAT 19 %", eur(-150)), Entry("discounts", "inv_1", eur(100)),
            ],
            "inv_1", eur(101), "9", DAY,
        ),
        posting(
            "credited:9", "invoice_credited", "inv_1", ("revenue", "Portrait", 96), ("tax_payable", "VAT 19 %", 15),
            ("discounts", "inv_1", -10), ("receivable", "inv_1", -101),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_posting_says_all_of_it(case: str) -> None:
    posted, expected = CASES[case]

    assert posted() == expected
