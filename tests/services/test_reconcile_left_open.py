"""What should have ended by itself, and is told of when it has not: pay links, charges, refunds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from studio import Studio
from test_money_back import number
from test_payouts import eur, paid_studio
from test_reconcile_stripe import only, shown, stripe

from billing.domain.effects import EffectKind
from billing.domain.errors import PermanentError
from billing.domain.payments import PaymentStatus
from billing.domain.settlements import RefundStatus


def test_a_pay_link_that_is_open_though_nothing_is_owed_is_left_open(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.gateway.line.fail("close_pay_link", PermanentError("stripe_refused", "Stripe refused it."))
    invoice = studio.invoice().invoice
    studio.ask("void", number=str(invoice.number))
    studio.do(EffectKind.CLOSE_PAY_LINK)

    one = only(stripe(studio))

    assert (one.cause, one.subject_id) == ("pay_link_left_open", invoice.invoice_id)
    assert "plink_1 of INV-2026-0001 can still take money, though the invoice is void" in one.sentence
    with studio.ledger.write() as uow:
        uow.pay_links.close("plink_1", studio.clock.now())
    assert stripe(studio).closed == 1


def test_a_charge_without_an_answer_for_a_day_is_open_too_long(studio: Studio) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = PaymentStatus.PROCESSING
    studio.round()
    assert stripe(studio).is_clean
    studio.clock.go(days=2)

    one = only(stripe(studio))

    assert (one.cause, one.ledger_minor) == ("charge_open_too_long", 50_000)
    assert shown(studio, one)


@pytest.mark.parametrize(
    ("status", "words"),
    [(RefundStatus.PENDING, "has not reached Ada j1"), (RefundStatus.REQUIRES_ACTION, "waits for Ada j1")],
)
def test_a_refund_under_way_for_more_than_a_week_is_open_too_long(
    studio: Studio, status: RefundStatus, words: str
) -> None:
    paid_studio(studio)
    studio.gateway.refund_elsewhere("pi_1", eur(10_000))
    made = studio.gateway.refunds["re_1"]
    studio.gateway.refunds["re_1"] = replace(made, status=status, movements=())
    studio.gateway.movements.pop()
    studio.round()
    studio.clock.go(days=6)
    assert stripe(studio).is_clean
    studio.clock.go(days=100)

    one = only(stripe(studio))

    assert (one.cause, one.subject_id, one.ledger_minor) == ("refund_open_too_long", "re_1", 10_000)
    assert f"made on {made.created_at:%Y-%m-%d}, {words}" in one.sentence
    assert shown(studio, one)
    studio.gateway.refunds["re_1"] = replace(made, status=RefundStatus.SUCCEEDED, movements=())
    assert stripe(studio).closed == 1


def left_alone(studio: Studio) -> str:
    """An invoice whose page is gone, by nobody's decision."""
    studio.session()
    studio.round()
    studio.round()
    with studio.ledger.write() as uow:
        uow.pay_links.close("plink_1", studio.clock.now())
    return number(studio)


def test_what_is_owed_and_nothing_asks_for_is_told_until_a_page_is_made(studio: Studio) -> None:
    which = left_alone(studio)

    one = only(stripe(studio))

    assert (one.cause, one.ledger_minor) == ("not_asked_for", 50_000)
    assert f"`billing reminders resume {which}` makes one" in one.sentence
    assert shown(studio, one)
    studio.clock.go(days=1)
    assert only(stripe(studio)) == one  # that it is told is no reason why nothing asks
    studio.ask("resume_reminders", number=which)
    assert stripe(studio).closed == 1
    studio.do(EffectKind.PAY_LINK)
    with studio.ledger.read() as uow:
        assert len(uow.pay_links.open_of(one.subject_id)) == 1


def let_it_rest(studio: Studio) -> None:
    studio.ask("pause_reminders", number=number(studio))


def give_it_up(studio: Studio) -> None:
    studio.ask("write_off", number=number(studio))


def tell_of_the_invoice(studio: Studio) -> None:
    with studio.ledger.write() as uow:
        uow.tasks.raise_task(studio.invoice().invoice.invoice_id, "follow_ups_ended", "Call.", studio.clock.now())


def tell_of_its_page(studio: Studio) -> None:
    [page] = studio.effects(EffectKind.PAY_LINK)
    with studio.ledger.write() as uow:
        uow.tasks.raise_task(page.key, "effect_failed", "No page could be made.", studio.clock.now())


@pytest.mark.parametrize("say_why", [let_it_rest, give_it_up, tell_of_the_invoice, tell_of_its_page])
def test_what_says_why_it_is_not_asked_for_is_no_difference(studio: Studio, say_why: Callable[[Studio], None]) -> None:
    left_alone(studio)
    say_why(studio)

    assert stripe(studio).is_clean
