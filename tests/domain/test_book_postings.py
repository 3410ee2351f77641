"""What a payment, a void and a deduction post, each whole: id, kind, whom it is about, day and all sides."""

from __future__ import annotations

from datetime import date

from test_books import ISSUED_ON, euros, invoice_for, line, order

from billing.domain.books import Entry, Posting, ReceivedPayment, post_invoice, post_payment, post_void
from billing.domain.sessions import EarlierPayment

DAY = date(2026, 3, 9)


def entries(*sides: tuple[str, str, int]) -> tuple[Entry, ...]:
    return tuple(Entry(account, detail, euros(minor)) for account, detail, minor in sides)


def test_a_payment_posts_clearing_fee_receivable_and_what_is_left_over() -> None:
    received = ReceivedPayment("pay_1", "inv_1", "c1", DAY, euros(600), euros(20), euros(500), "stripe_clearing")

    assert post_payment(received) == Posting(
        "paid:pay_1",
        "payment_received",
        "inv_1",
        DAY,
        entries(
            ("stripe_clearing", "", 580), ("fees", "stripe", 20), ("receivable", "inv_1", -500),
            ("client_credit", "c1", -100),
        ),
    )  # fmt: skip


def test_a_void_reverses_what_was_issued_and_leaves_what_was_paid_to_the_client() -> None:
    issued = entries(("receivable", "inv_1", 1000), ("revenue", "Package", -1000))

    assert post_void(invoice_for(order(line(1000))), issued, euros(700), DAY) == Posting(
        "voided:inv_1",
        "invoice_voided",
        "inv_1",
        DAY,
        entries(
            ("receivable", "inv_1", -1000), ("revenue", "Package", 1000), ("receivable", "inv_1", 300),
            ("client_credit", "c1", -300),
        ),
    )  # fmt: skip


def test_a_deduction_goes_into_the_retainers_of_its_job_and_out_of_them() -> None:
    retainer = EarlierPayment("p1", euros(400), DAY, is_retainer=True)

    issued, into, out = post_invoice(invoice_for(order(line(1000), payments=(retainer,))))

    assert (issued.transaction_id, issued.kind, issued.subject_id) == ("issued:inv_1", "invoice_issued", "inv_1")
    assert into == Posting(
        "retained:inv_1:p1", "retainer_recorded", "inv_1", DAY,
        entries(("payments_elsewhere", "p1", 400), ("retainers", "j1", -400)),
    )  # fmt: skip
    assert out == Posting(
        "deducted:inv_1:p1", "retainer_applied", "inv_1", ISSUED_ON,
        entries(("retainers", "j1", 400), ("receivable", "inv_1", -400)),
    )  # fmt: skip
