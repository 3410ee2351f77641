"""What refunds, disputes, payouts and a person's decisions post."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import settlement_books as uow
from billing.domain.books import Entry, Posting
from billing.domain.money import Money
from billing.domain.settlements import Movement, MovementKind

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def moved(kind: MovementKind, minor: int, fee: int = 0, description: str = "") -> Movement:
    return Movement("txn_1", kind, "src_1", eur(minor), eur(fee), NOW, description)


def sides(posting: Posting) -> dict[tuple[str, str], int]:
    return {(entry.account, entry.detail): entry.amount.minor for entry in posting.entries}


def test_a_refund_opens_the_receivable_again_after_the_clients_credit_is_used_up() -> None:
    posting = uow.post_refund(moved(MovementKind.REFUND, -500), "inv_1", "c1", eur(200), DAY)

    assert sides(posting) == {
        ("receivable", "inv_1"): 300,
        ("client_credit", "c1"): 200,
        ("stripe_clearing", ""): -500,
    }
    assert posting.transaction_id == "moved:txn_1"


def test_a_refund_that_the_bank_returned_posts_the_opposite() -> None:
    posting = uow.post_refund(moved(MovementKind.REFUND_RETURNED, 500), "inv_1", "c1", eur(200), DAY)

    assert sides(posting) == {
        ("receivable", "inv_1"): -300,
        ("client_credit", "c1"): -200,
        ("stripe_clearing", ""): 500,
    }


def test_a_dispute_is_held_apart_with_its_fee_until_it_ends() -> None:
    taken = uow.post_dispute(moved(MovementKind.DISPUTE, -500, 1500), "inv_1", "dp_1", DAY)
    returned = uow.post_dispute(moved(MovementKind.DISPUTE_RETURNED, 500), "inv_1", "dp_1", DAY)

    assert sides(taken) == {("disputed", "dp_1"): 500, ("fees", "dispute"): 1500, ("stripe_clearing", ""): -2000}
    assert sides(returned) == {("disputed", "dp_1"): -500, ("stripe_clearing", ""): 500}


def test_a_lost_dispute_makes_the_invoice_owed_again() -> None:
    posting = uow.post_dispute_lost("dp_1", "inv_1", "c1", eur(500), eur(100), DAY)

    assert sides(posting) == {("receivable", "inv_1"): 400, ("client_credit", "c1"): 100, ("disputed", "dp_1"): -500}


def test_a_payout_goes_from_the_balance_to_the_bank_and_back_if_it_fails() -> None:
    paid = uow.post_payout(moved(MovementKind.PAYOUT, -900), "po_1", DAY)
    failed = uow.post_payout(moved(MovementKind.PAYOUT_RETURNED, 900), "po_1", DAY)

    assert sides(paid) == {("bank", "po_1"): 900, ("stripe_clearing", ""): -900}
    assert sides(failed) == {("bank", "po_1"): -900, ("stripe_clearing", ""): 900}


def test_money_that_is_not_of_our_asking_is_on_the_balance_all_the_same() -> None:
    posting = uow.post_other(moved(MovementKind.OTHER, -700, 0, "Radar"), DAY)

    assert sides(posting) == {("stripe_other", "Radar"): 700, ("stripe_clearing", ""): -700}


def test_what_lay_there_before_opens_the_books_and_nothing_opens_none() -> None:
    opened = uow.post_opening("stripe", eur(1234), DAY)

    assert opened is not None
    assert sides(opened) == {("stripe_clearing", ""): 1234, ("opening_balance", "stripe"): -1234}
    assert uow.post_opening("stripe", eur(0), DAY) is None


def test_a_late_fee_and_a_write_off() -> None:
    fee = uow.post_late_fee("pay_1", "inv_1", eur(29), DAY)
    loss = uow.post_write_off("inv_1", eur(300), "7", DAY)

    assert sides(fee) == {("fees", "stripe"): 29, ("stripe_clearing", ""): -29}
    assert sides(loss) == {("bad_debt", "inv_1"): 300, ("receivable", "inv_1"): -300}


@given(
    st.lists(st.integers(1, 100_000), min_size=1, max_size=6),
    st.integers(0, 99),
    st.integers(1, 10_000),
)
def test_a_credit_takes_back_each_part_of_what_was_issued_to_the_last_unit(
    sold: list[int], discount_percent: int, share_bp: int
) -> None:
    discount = sum(sold) * discount_percent // 100
    total = sum(sold) - discount
    issued = [
        Entry("receivable", "inv_1", eur(total)),
        *(Entry("revenue", f"type {n}", eur(-minor)) for n, minor in enumerate(sold)),
        *([Entry("discounts", "inv_1", eur(discount))] if discount else []),
    ]
    amount = max(1, total * share_bp // 10_000)

    posting = uow.post_credit(issued, "inv_1", eur(amount), "9", DAY)

    taken = sides(posting)
    assert taken.pop(("receivable", "inv_1")) == -amount
    assert sum(taken.values()) == amount
    for entry in issued[1:]:
        exact = -entry.amount.minor * amount / total
        assert abs(taken.get((entry.account, entry.detail), 0) - exact) < 1


@pytest.mark.parametrize("minor", [0, -1, 501])
def test_a_credit_is_of_more_than_nothing_and_no_more_than_was_issued(minor: int) -> None:
    issued = [Entry("receivable", "inv_1", eur(500)), Entry("revenue", "x", eur(-500))]

    with pytest.raises(ValueError, match="cannot be credited"):
        uow.post_credit(issued, "inv_1", eur(minor), "9", DAY)
