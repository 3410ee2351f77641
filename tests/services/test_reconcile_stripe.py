"""The books against Stripe: every cause of a difference appears with its amounts and closes when it is gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from studio import Studio
from test_payouts import agrees, eur, paid_studio

from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.payments import PaymentStatus
from billing.domain.settlements import DisputeStatus, MovementKind, PayoutStatus, RefundStatus
from billing.ports.operations import Difference
from billing.services.reconcile import Reconciled, reconcile

DOWN = TemporaryError("stripe_unreachable", "Stripe cannot be reached.")


def stripe(studio: Studio) -> Reconciled:
    studio.clock.go(minutes=10)
    return reconcile(studio.ctx, "stripe")


def only(done: Reconciled) -> Difference:
    [difference] = done.differences
    return difference


def causes(done: Reconciled) -> list[str]:
    return sorted(one.cause for one in done.differences)


def told(studio: Studio) -> list[str]:
    return [code for code in studio.codes() if code.startswith("stripe_")]


def shown(studio: Studio, one: Difference) -> bool:
    return studio.open_items().get((one.subject_id, f"stripe_{one.cause}")) == one.sentence


def test_a_day_of_everything_is_clean_to_the_cent(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.refund_elsewhere("pi_1", eur(10_000))
    studio.gateway.dispute("pi_1", eur(40_000))
    studio.gateway.end_dispute("dp_1", DisputeStatus.WON)
    studio.gateway.move(MovementKind.OTHER, "", eur(-4_900))
    studio.gateway.pay_out()
    studio.round()

    done = stripe(studio)

    assert done.is_clean, [one.sentence for one in done.differences]
    assert done.reconciliation.compared >= 6
    assert agrees(studio)
    with studio.ledger.read() as uow:
        assert uow.operations.last_reconciliation("stripe") == done.reconciliation


def test_what_no_event_told_of_is_booked_by_reconciling(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.refund_elsewhere("pi_1", eur(10_000))
    studio.gateway.events.clear()

    done = stripe(studio)

    assert done.is_clean
    assert done.mended >= 1
    assert stripe(studio).mended == 0


def test_an_inquiry_that_no_event_told_of_is_found_though_nothing_moved(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.dispute("pi_1", inquiry=True)
    studio.gateway.events.clear()

    assert stripe(studio).is_clean
    assert studio.column("select status from disputes") == ["inquiry"]


def test_a_payment_for_an_invoice_that_is_not_in_the_books_is_missing_here(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.receive("inv_after_the_backup", eur(7_700))

    one = only(stripe(studio))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("payment_missing_here", None, 7_700)
    assert "inv_after_the_backup, which is not in these books" in one.sentence
    assert shown(studio, one)

    payment = studio.gateway.payments["pi_2"]
    payment.fact = replace(payment.fact, invoice_id=studio.invoice().invoice.invoice_id)
    assert stripe(studio).closed == 1
    assert told(studio) == []


def test_a_payment_that_stripe_does_not_show_is_missing_there(studio: Studio) -> None:
    paid_studio(studio)
    kept = studio.gateway.payments.pop("pi_1")
    moved = studio.gateway.movements.pop()

    done = stripe(studio)

    assert causes(done) == ["movement_missing_there", "payment_missing_there"]
    assert all(shown(studio, one) for one in done.differences)
    assert {one.ledger_minor for one in done.differences} == {50_000, 49_845}

    studio.gateway.payments["pi_1"] = kept
    studio.gateway.movements.append(moved)
    assert stripe(studio).closed == 2


def test_a_payment_that_was_not_captured_after_all_is_missing_there(studio: Studio) -> None:
    paid_studio(studio)
    payment = studio.gateway.payments["pi_1"]
    kept, payment.fact = payment.fact, replace(payment.fact, status=PaymentStatus.CANCELED, amount=eur(0))

    one = only(stripe(studio))

    assert (one.cause, one.ledger_minor) == ("payment_missing_there", 50_000)
    payment.fact = kept
    assert stripe(studio).is_clean


def test_a_payment_of_another_amount_differs_by_it(studio: Studio) -> None:
    paid_studio(studio)
    payment, [moved] = studio.gateway.payments["pi_1"], studio.gateway.movements
    kept, payment.fact = payment.fact, replace(payment.fact, amount=eur(49_000))
    studio.gateway.movements[0] = replace(moved, amount=eur(49_000))

    one = only(stripe(studio))  # and no second row for the balance: this one explains it

    assert (one.cause, one.outside_minor) == ("amount_differs", 48_845)
    assert shown(studio, one)
    payment.fact, studio.gateway.movements[0] = kept, moved
    assert stripe(studio).is_clean


def test_a_fee_of_another_amount_differs_by_it(studio: Studio) -> None:
    paid_studio(studio)
    [moved] = studio.gateway.movements
    studio.gateway.movements[0] = replace(moved, fee=eur(180))

    one = only(stripe(studio))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("fee_differs", 49_845, 49_820)
    assert "correct the books by -0.25 EUR" in one.sentence
    studio.gateway.movements[0] = moved
    assert stripe(studio).closed == 1


def test_a_fee_that_was_told_after_the_payment_is_no_difference(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.pay_on_page()  # and the payment itself tells no fee
    [moved] = studio.gateway.movements
    studio.gateway.movements[0] = studio.gateway.payment_movements["pi_1"] = replace(moved, fee=eur(155))
    studio.round()
    assert studio.column("select fee_minor from payments") == [0]

    assert stripe(studio).is_clean
    assert agrees(studio)


def test_a_refund_that_the_books_lost_is_missing_here(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.receive("inv_unknown", eur(7_700))
    stripe(studio)
    studio.gateway.refund_elsewhere("pi_2", eur(7_700))

    done = stripe(studio)

    assert causes(done) == ["payment_missing_here", "refund_missing_here"]
    refund = next(one for one in done.differences if one.cause == "refund_missing_here")
    assert (refund.ledger_minor, refund.outside_minor) == (None, 7_700)
    assert shown(studio, refund)


def test_a_refund_that_the_books_tell_otherwise_differs(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.refund_elsewhere("pi_1", eur(10_000))
    studio.round()
    kept = studio.gateway.refunds["re_1"]
    studio.gateway.refunds["re_1"] = replace(kept, status=RefundStatus.PENDING)  # the books know better, and keep it

    one = only(stripe(studio))

    assert one.cause == "refund_differs"
    assert shown(studio, one)
    studio.gateway.refunds["re_1"] = kept
    assert stripe(studio).is_clean


def test_a_dispute_that_the_books_tell_otherwise_differs(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.dispute("pi_1")
    studio.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    studio.round()
    kept = studio.gateway.disputes["dp_1"]
    studio.gateway.disputes["dp_1"] = replace(kept, status=DisputeStatus.OPEN)

    one = only(stripe(studio))

    assert one.cause == "dispute_differs"
    assert shown(studio, one)
    studio.gateway.disputes["dp_1"] = kept
    assert stripe(studio).is_clean


def test_a_payout_whose_movements_do_not_add_up_differs(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.pay_out()
    kept = studio.gateway.payouts["po_1"]
    studio.gateway.payouts["po_1"] = replace(kept, amount=eur(50_000))

    one = only(stripe(studio))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("payout_differs", 49_845, 50_000)
    assert shown(studio, one)
    studio.gateway.payouts["po_1"] = kept
    assert stripe(studio).is_clean


def test_a_payout_that_stripe_does_not_list_is_missing_there(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.pay_out()
    assert stripe(studio).is_clean
    kept, moved = studio.gateway.payouts.pop("po_1"), studio.gateway.movements.pop()

    assert causes(stripe(studio)) == ["movement_missing_there", "payout_missing_there"]
    studio.gateway.payouts["po_1"] = kept
    studio.gateway.movements.append(moved)
    assert stripe(studio).closed == 2


def test_a_payout_that_does_not_arrive_is_late_until_it_does(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.pay_out(PayoutStatus.IN_TRANSIT)
    assert stripe(studio).is_clean
    studio.clock.go(days=9)

    one = only(stripe(studio))

    assert (one.cause, one.ledger_minor) == ("payout_late", 49_845)
    studio.gateway.payouts["po_1"] = replace(studio.gateway.payouts["po_1"], status=PayoutStatus.PAID)
    assert stripe(studio).closed == 1


def test_the_first_payout_holds_money_from_before_the_books(studio: Studio) -> None:
    studio.clock.at = studio.clock.at.replace(year=2025)
    studio.gateway.move(MovementKind.PAYMENT, "py_terminal", eur(20_000), 300)
    studio.clock.at = studio.clock.at.replace(year=2026)
    paid_studio(studio)
    studio.gateway.pay_out()

    assert stripe(studio).is_clean


def test_a_balance_that_nothing_explains_differs_by_what_is_left(studio: Studio) -> None:
    paid_studio(studio)
    stripe(studio)
    told_balance = studio.gateway.balance
    studio.gateway.balance = lambda: [eur(told_balance()[0].minor + 123)]  # type: ignore[method-assign]

    one = only(stripe(studio))

    assert (one.cause, one.ledger_minor, one.outside_minor) == ("balance_differs", 49_845, 49_968)
    assert "1.23 EUR of that no other difference explains" in one.sentence
    studio.gateway.balance = told_balance  # type: ignore[method-assign]
    assert stripe(studio).closed == 1


def test_money_that_arrives_while_the_balance_is_read_is_no_difference(studio: Studio) -> None:
    paid_studio(studio)
    stripe(studio)
    told_balance, arriving = studio.gateway.balance, [eur(5_000), eur(700)]

    def balance() -> list:
        if arriving:
            studio.gateway.move(MovementKind.OTHER, "", arriving.pop())
        return told_balance()

    studio.gateway.balance = balance  # type: ignore[method-assign]

    assert stripe(studio).is_clean


def test_a_provider_that_does_not_answer_is_never_all_is_well(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.receive("inv_unknown", eur(7_700))
    before = stripe(studio)
    for call in ("balance", "movements_since", "payouts_since"):
        studio.gateway.line.fail(call, DOWN)
        with pytest.raises(TemporaryError):
            stripe(studio)

    with studio.ledger.read() as uow:
        assert tuple(uow.operations.open_differences("stripe")) == before.differences
        assert uow.operations.last_reconciliation("stripe") == before.reconciliation
    assert told(studio) == ["stripe_payment_missing_here"]


def test_a_difference_stays_open_however_long_ago_it_began(studio: Studio) -> None:
    paid_studio(studio)
    payment = studio.gateway.payments["pi_1"]
    payment.fact = replace(payment.fact, status=PaymentStatus.CANCELED, amount=eur(0))
    stripe(studio)
    studio.clock.at += timedelta(days=200)

    assert causes(stripe(studio)) == ["payment_missing_there"]


def test_a_fee_that_differs_stays_open_however_long_ago_it_was_kept(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.movements[0] = replace(studio.gateway.movements[0], fee=eur(180))
    stripe(studio)
    studio.gateway.move(MovementKind.OTHER, "", eur(-100))
    studio.clock.at += timedelta(days=200)
    studio.gateway.move(MovementKind.OTHER, "", eur(-100))
    stripe(studio)

    assert causes(stripe(studio)) == ["fee_differs"]


def test_a_person_who_closes_the_item_is_not_asked_again_while_nothing_new_is_known(studio: Studio) -> None:
    paid_studio(studio)
    studio.gateway.receive("inv_unknown", eur(7_700))
    one = only(stripe(studio))
    studio.ask("resolve", subject=one.subject_id)

    assert only(stripe(studio)) == one
    assert told(studio) == []


def test_nothing_is_compared_before_billing_begins(studio: Studio) -> None:
    studio.policy = replace(studio.policy, billing_starts_on=None)

    done = stripe(studio)

    assert (done.reconciliation.compared, done.differences) == (0, ())


def test_a_scope_that_is_not_there_is_named_with_those_that_are(studio: Studio) -> None:
    with pytest.raises(PermanentError, match="no scope paypal; there are stripe, vsco, galleries"):
        reconcile(studio.ctx, "paypal")
