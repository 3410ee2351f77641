"""What a person is told is true in each state in which it is said, and what only they can go on with is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from studio import Studio
from test_money_back import DUE_ON, eur, number, open_links, reminded

from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import UnknownOutcomeError
from billing.domain.settlements import DisputeStatus

pytestmark = pytest.mark.usefixtures("promises_are_kept")


def owed_again(paid: Studio) -> Studio:
    paid.gateway.refund_elsewhere("pi_1", eur(50_000))
    paid.round()
    assert paid.codes() == ["refunded_elsewhere"]
    return paid


def test_a_refund_that_a_dispute_overtakes_is_not_made_and_that_is_said(paid: Studio) -> None:
    paid.gateway.line.fail("refund", UnknownOutcomeError("time_out", "No answer came."))
    paid.ask("refund", number=number(paid))
    paid.do(EffectKind.REFUND)
    paid.gateway.dispute("pi_1")
    for _ in range(3):
        paid.clock.go(minutes=20)
        paid.round()

    [effect] = paid.effects(EffectKind.REFUND)
    assert effect.state is EffectState.CANCELLED
    sentence = paid.open_items()[effect.key, "refund_not_made"]
    assert sentence.startswith("Giving money of INV-2026-0001 back (500.00 EUR) was not done: a dispute is open")


def test_a_returned_refund_is_over_when_as_much_has_gone_out_again(paid: Studio) -> None:
    paid.ask("refund", number=number(paid), amount_minor=20_000, still_owed=1)
    paid.round()
    paid.gateway.fail_refund("re_1")
    paid.round()
    [sentence] = paid.open_items().values()
    assert "`billing refund INV-2026-0001 --amount 200.00 --still-owed`; or ask where" in sentence

    paid.clock.go(minutes=1)
    paid.ask("refund", number=number(paid), amount_minor=20_000, still_owed=1)
    paid.round()
    paid.round()

    assert paid.codes() == []


def test_of_two_returned_refunds_one_that_goes_out_again_ends_one(paid: Studio) -> None:
    for _ in range(2):
        paid.ask("refund", number=number(paid), amount_minor=5_000)
        paid.do(EffectKind.REFUND)
    paid.gateway.fail_refund("re_1")
    paid.gateway.fail_refund("re_2")
    paid.round()
    assert paid.codes() == ["refund_returned", "refund_returned"]

    paid.clock.go(minutes=1)
    paid.ask("refund", number=number(paid), amount_minor=5_000)
    paid.round()

    assert paid.codes() == ["refund_returned"]


def test_an_autopay_invoice_that_is_owed_again_is_reminded_of(studio: Studio) -> None:
    studio.autopay()
    studio.round()
    studio.round()
    assert studio.invoice().balance_minor == 0
    studio.gateway.refund_elsewhere("pi_1", eur(20_000))
    studio.round()
    studio.ask("resume_reminders", number=number(studio))
    studio.round()
    studio.round()

    assert reminded(studio, 3)  # whichever stage it is by then


def test_asking_for_less_of_what_is_owed_again_leaves_the_rest_to_be_decided(paid: Studio) -> None:
    owed_again(paid)

    paid.ask("credit", number=number(paid), amount_minor=10_000)
    [sentence] = paid.open_items().values()
    assert "400.00 EUR of invoice INV-2026-0001 to Ada j1 is owed again, and reminders rest" in sentence

    paid.ask("credit", number=number(paid), amount_minor=40_000)
    assert paid.codes() == []


def test_our_own_pause_ends_with_what_it_was_for(paid: Studio) -> None:
    owed_again(paid)
    paid.pay_by_cheque()
    paid.gateway.receive(paid.invoice().invoice.invoice_id, eur(30_000))
    paid.round()
    paid.ask("refund", number=number(paid), amount_minor=30_000, still_owed=1)
    paid.round()

    with paid.ledger.read() as uow:
        assert not uow.pauses.is_paused(paid.invoice().invoice.invoice_id)


@pytest.mark.parametrize("first", [True, False])
def test_a_pause_of_a_person_does_not_end_by_itself(paid: Studio, first: bool) -> None:
    if first:
        paid.ask("pause_reminders", number=number(paid))
    owed_again(paid)
    if not first:
        paid.ask("pause_reminders", number=number(paid))
    paid.pay_by_cheque()

    with paid.ledger.read() as uow:
        assert uow.pauses.is_paused(paid.invoice().invoice.invoice_id)


def test_who_lets_reminders_go_on_after_the_last_one_is_told_that_there_are_none_left(studio: Studio) -> None:
    studio.session()
    studio.round()
    for day in range(-10, 40):
        reminded(studio, day)
    assert studio.codes() == ["follow_ups_ended"]
    studio.pay_on_page()
    studio.round()
    studio.gateway.dispute("pi_1")
    studio.round()
    studio.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    studio.round()
    assert studio.codes() == ["dispute_lost"]

    studio.ask("resume_reminders", number=number(studio))
    studio.round()
    studio.round()
    studio.until(DUE_ON + timedelta(days=60))
    reminded(studio, 60)

    assert open_links(studio) == ["500.00 EUR"]
    assert studio.codes() == ["follow_ups_ended"]


@pytest.mark.parametrize("was_sent", [True, False])
def test_who_paid_before_the_invoice_went_out_is_reminded_when_it_is_owed_again(studio: Studio, was_sent: bool) -> None:
    """Version 0.1 did not send an invoice that was paid by then."""
    studio.session()
    studio.bill()
    studio.do(EffectKind.PAY_LINK)
    studio.pay_on_page()
    studio.round()
    if not was_sent:
        with studio.ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.execute(text("update effects set state = 'cancelled' where purpose = 'invoice'"))
    studio.gateway.refund_elsewhere("pi_1", eur(50_000))
    studio.round()
    studio.ask("resume_reminders", number=number(studio))
    studio.round()
    studio.round()

    assert reminded(studio, 3) == ["first_notice"]


def test_what_was_paid_on_a_void_invoice_is_the_clients_and_somebody_is_told(paid: Studio) -> None:
    said = paid.ask("void", number=number(paid))

    assert said == (
        "INV-2026-0001 is void. 500.00 EUR that were paid on it are Ada j1's credit: refund them with `billing refund`."
    )
    [sentence] = paid.open_items().values()
    assert sentence == "500.00 EUR that Ada j1 paid on INV-2026-0001 is their credit, as it is void; refund it."
    paid.ask("refund", number=number(paid))
    paid.round()
    assert paid.codes() == []


def test_a_charge_that_is_settled_as_not_done_is_not_to_be_tried_again(studio: Studio) -> None:
    studio.autopay()
    studio.gateway.line.fail("confirm_charge", UnknownOutcomeError("time_out", "No answer came."))
    studio.bill()
    studio.do(EffectKind.CHARGE)
    [charge] = studio.effects(EffectKind.CHARGE)

    said = studio.ask("settle", effect_id=charge.effect_id, happened="no")

    assert said == "Charging the card for INV-2026-0001 (500.00 EUR) is settled as failed."


@pytest.mark.parametrize(("way", "by_hand"), [("link", None), ("cheque", "cash")])
def test_more_than_was_owed_goes_back_as_is_advised(studio: Studio, way: str, by_hand: str | None) -> None:
    studio.session()
    studio.round()
    if way == "cheque":
        studio.pay_by_cheque(minor=60_000)
    else:
        studio.pay_on_page(minor=60_000)
    studio.round()

    [sentence] = studio.open_items().values()
    advice = f"refund it with `billing refund {number(studio)} --amount 100.00"
    assert sentence.endswith(f"{advice} --by-hand cash`." if by_hand else f"{advice}`.")
    studio.clock.go(minutes=1)
    studio.ask("refund", number=number(studio), amount_minor=10_000, **({"by_hand": by_hand} if by_hand else {}))
    studio.round()

    assert studio.codes() == []
    assert studio.invoice().balance_minor == 0
