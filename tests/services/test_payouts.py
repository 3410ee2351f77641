"""Payouts and every other movement of the provider's balance: posted once, so that both balances are one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from promises import broken_promises
from studio import Studio

from billing.domain.errors import TemporaryError
from billing.domain.money import Money
from billing.domain.settlement_books import CLEARING
from billing.domain.settlements import MovementKind, PayoutStatus
from billing.services.context import Context
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.reconcile import settle_movements
from billing.services.settlements.settle_payouts import apply_payout, read_payout

DOWN = TemporaryError("stripe_unreachable", "Stripe cannot be reached.")


def read_and_apply_payout(ctx: Context, payout_id: str) -> int:
    payout = read_payout(ctx, payout_id)
    with ctx.ledger.write() as uow:
        return apply_payout(ctx, uow, payout)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def paid_studio(studio: Studio) -> Studio:
    studio.gateway.fee = eur(155)
    studio.session()
    studio.round()
    studio.clock.go(minutes=10)
    studio.pay_on_page()
    studio.round()
    return studio


def clearing(studio: Studio) -> list[Money]:
    with studio.ledger.read() as uow:
        found = uow.journal.balances(CLEARING)
    return [Money(minor, currency) for currency, minor in sorted(found.items())]


def agrees(studio: Studio) -> bool:
    nothing = {"EUR": 0}
    here = nothing | {amount.currency: amount.minor for amount in clearing(studio)}
    return here == nothing | {amount.currency: amount.minor for amount in studio.gateway.balance()}


def test_what_another_worker_read_earlier_of_a_payout_takes_nothing_back(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.pay_out()
    early = read_payout(studio.ctx, "po_1")
    studio.gateway.fail_payout("po_1")
    read_and_apply_payout(studio.ctx, "po_1")

    with studio.ledger.write() as uow:
        apply_payout(studio.ctx, uow, early)

    assert studio.rows("select status from payouts") == [("failed",)]
    assert agrees(studio)


def test_a_payouts_events_post_it_whatever_their_order_and_number(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.pay_out()
    studio.gateway.tell("payout.reconciliation_completed", "po_1")
    studio.gateway.fail_payout("po_1")

    poll_events(studio.ctx)
    apply_events(studio.ctx)

    assert studio.rows("select state, count(*) from provider_events where kind like 'payout.%' group by state") == [
        ("applied", 3)
    ]
    assert agrees(studio)
    assert studio.rows("select status from payouts") == [("failed",)]
    assert "payout_failed" in studio.codes()


def test_a_payout_is_posted_once_however_often_it_is_applied(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.pay_out()

    assert read_and_apply_payout(studio.ctx, "po_1") == 1
    assert read_and_apply_payout(studio.ctx, "po_1") == 0
    settle_movements(studio.ctx)

    assert studio.rows("select account, amount_minor from journal_entries where account = 'bank'") == [("bank", 49_845)]
    assert agrees(studio)


def test_a_payout_that_the_bank_refused_comes_back_and_is_shown_to_a_person_once(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.pay_out()
    read_and_apply_payout(studio.ctx, "po_1")
    studio.gateway.fail_payout("po_1")
    read_and_apply_payout(studio.ctx, "po_1")

    assert "Payout po_1 of 498.45 EUR was refused by the bank" in studio.open_items()["po_1", "payout_failed"]
    assert studio.column("select sum(amount_minor) from journal_entries where account = 'bank'") == [0]

    studio.ask("resolve", subject="po_1")
    read_and_apply_payout(studio.ctx, "po_1")
    assert studio.codes() == []
    settle_movements(studio.ctx)
    assert agrees(studio)


def test_a_movement_of_nothing_is_kept_and_stops_nobody(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.move(MovementKind.OTHER, "", eur(0))
    studio.gateway.move(MovementKind.OTHER, "", eur(-500))

    settle_movements(studio.ctx)
    again = settle_movements(studio.ctx)

    assert agrees(studio)
    assert (again.posted, again.left) == (0, 0)
    assert broken_promises(studio) == {}


def test_what_lay_on_the_balance_before_the_books_is_their_opening_and_is_posted_once(studio: Studio) -> None:
    studio.clock.at = studio.clock.at.replace(year=2025)
    studio.gateway.move(MovementKind.OTHER, "", eur(12_345))
    studio.gateway.move(MovementKind.PAYMENT, "ch_shop", eur(20_000), 300)
    studio.clock.at = studio.clock.at.replace(year=2026)
    paid_studio(studio)
    settle_movements(studio.ctx)
    settle_movements(studio.ctx)

    opening = "select account, amount_minor from journal_entries where transaction_id like 'opening:%' order by account"
    assert studio.rows(opening) == [("opening_balance", -32_045), (CLEARING, 32_045)]
    assert agrees(studio)


def test_a_payout_from_before_the_books_that_is_told_of_later_is_kept_and_not_posted(studio: Studio) -> None:
    studio.clock.at = studio.clock.at.replace(year=2025)
    studio.gateway.move(MovementKind.OTHER, "", eur(12_345))
    studio.gateway.pay_out(PayoutStatus.IN_TRANSIT)
    studio.clock.at = studio.clock.at.replace(year=2026)
    paid_studio(studio)

    assert read_and_apply_payout(studio.ctx, "po_1") == 0
    settle_movements(studio.ctx)

    assert studio.column("select count(*) from journal_entries where account = 'bank'") == [0]
    assert studio.column("select status from payouts") == ["in_transit"]
    assert agrees(studio)


def test_an_opening_that_is_read_while_money_arrives_is_read_again(studio: Studio) -> None:
    paid_studio(studio)
    told, arriving = studio.gateway.balance, [eur(5_000), eur(700)]

    def balance() -> list[Money]:
        found = told()
        if arriving:
            studio.gateway.move(MovementKind.OTHER, "", arriving.pop())
        return found

    studio.gateway.balance = balance  # type: ignore[method-assign]
    settle_movements(studio.ctx)

    assert agrees(studio)
    assert studio.column("select count(*) from journal_transactions where kind = 'balance_opened'") == [0]


def test_an_opening_that_never_holds_still_is_tried_another_time(studio: Studio) -> None:
    paid_studio(studio)
    told = studio.gateway.balance

    def balance() -> list[Money]:
        studio.gateway.move(MovementKind.OTHER, "", eur(1))
        return told()

    studio.gateway.balance = balance  # type: ignore[method-assign]

    with pytest.raises(TemporaryError, match="did not hold still"):
        settle_movements(studio.ctx)


def test_the_books_begin_where_they_began_though_the_first_day_is_moved(studio: Studio) -> None:
    paid_studio(studio)
    settle_movements(studio.ctx)
    studio.policy = replace(studio.policy, billing_starts_on=date(2026, 6, 1))
    studio.gateway.move(MovementKind.OTHER, "", eur(-500))

    settle_movements(studio.ctx)
    assert agrees(studio)


@pytest.mark.parametrize("first_day", [None, date(2027, 1, 1)])
def test_nothing_is_read_or_posted_before_billing_begins(studio: Studio, first_day: date | None) -> None:
    studio.policy = replace(studio.policy, billing_starts_on=first_day)
    studio.gateway.move(MovementKind.OTHER, "", eur(12_345))

    assert settle_movements(studio.ctx).read == 0
    assert clearing(studio) == []
    assert "movements_since" not in studio.gateway.line.calls


def test_what_moves_without_our_asking_is_posted_with_its_fee(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.move(MovementKind.OTHER, "", eur(-4_900))
    studio.gateway.move(MovementKind.PAYMENT, "py_of_a_terminal", eur(10_000), 170)
    studio.gateway.receive("of-another-shop", eur(2_000))
    shop = studio.gateway.payments["pi_2"]
    shop.fact = replace(shop.fact, invoice_id=None)
    assert not agrees(studio)

    settled = settle_movements(studio.ctx)

    assert (settled.posted, settled.left) == (3, 0)
    assert agrees(studio)
    others = "select sum(amount_minor) from journal_entries where account = 'stripe_other'"
    assert studio.column(others) == [4_900 - 10_000 - 2_000]


def test_a_refund_made_elsewhere_that_no_event_told_of_is_booked_by_its_movement(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.refund_elsewhere("pi_1", eur(10_000))
    studio.gateway.events.clear()

    settle_movements(studio.ctx)

    assert agrees(studio)
    assert studio.column("select amount_minor from refunds") == [10_000]
    assert studio.invoice().balance_minor == 10_000


def test_reading_again_posts_nothing_and_reads_only_what_is_near_the_cursor(studio: Studio) -> None:
    paid_studio(studio)
    settle_movements(studio.ctx)
    studio.clock.go(days=10)
    studio.gateway.move(MovementKind.OTHER, "", eur(-100))
    settle_movements(studio.ctx)

    again = settle_movements(studio.ctx)

    assert (again.read, again.posted) == (1, 0)


def test_a_movement_that_could_not_be_booked_holds_the_cursor_back(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.receive("inv_unknown", eur(7_700))
    studio.clock.go(days=10)
    studio.gateway.move(MovementKind.OTHER, "", eur(-100))
    assert settle_movements(studio.ctx).left == 1
    studio.clock.go(days=10)

    assert settle_movements(studio.ctx).left == 1


def test_a_provider_that_does_not_answer_leaves_the_books_as_they_were(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.line.fail("balance", DOWN)
    before = clearing(studio)

    with pytest.raises(TemporaryError):
        settle_movements(studio.ctx)
    assert clearing(studio) == before
    assert studio.column("select count(*) from journal_transactions where kind = 'balance_opened'") == [0]


def test_a_payout_still_on_its_way_changes_to_paid_without_a_second_posting(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.pay_out(PayoutStatus.IN_TRANSIT)
    settle_movements(studio.ctx)
    studio.gateway.payouts["po_1"] = replace(studio.gateway.payouts["po_1"], status=PayoutStatus.PAID)
    read_and_apply_payout(studio.ctx, "po_1")

    assert studio.column("select status from payouts") == ["paid"]
    assert studio.column("select count(*) from journal_entries where account = 'bank'") == [1]
