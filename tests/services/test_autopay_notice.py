"""A charge is announced: days lie between the mail and the card, and whatever happens in them counts.

The invoice is of 2 March 2026, its charge of 5 March; the clock stands at nine in the morning in Berlin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from fakes import Crash
from studio import POLICY, Studio, order

from billing.domain.effects import EffectKind
from billing.domain.errors import TemporaryError
from billing.domain.payments import Refusal
from billing.domain.policy import DailyLimits, DeliveryMode
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.due_work import effects_due
from billing.services.effects.janitor import show_stuck
from billing.services.reconcile import reconcile

pytestmark = pytest.mark.usefixtures("promises_are_kept")

NUMBER = "INV-2026-0001"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def announcing(studio: Studio) -> Studio:
    studio.policy = replace(POLICY, autopay_notice_days=3)
    return studio


@pytest.fixture
def announced(announcing: Studio) -> Studio:
    """500.00 EUR, to be charged on 5 March; the client has the mail."""
    announcing.autopay()
    announcing.round()
    return announcing


def go_to(studio: Studio, day: int, hour: int = 9) -> None:
    studio.clock.at = datetime(2026, 3, day, hour, tzinfo=BERLIN).astimezone(UTC)


def charges(studio: Studio) -> list[tuple[str, int]]:
    found = sorted(studio.effects(EffectKind.CHARGE), key=lambda charge: (charge.created_at, charge.key))
    return [(charge.state.value, charge.number("amount_minor")) for charge in found]


def captured(studio: Studio) -> list[int]:
    return studio.gateway.captured(studio.invoice().invoice.invoice_id)


def open_pages(studio: Studio) -> list[str]:
    return [str(link["amount"]) for link in studio.gateway.links.values() if link["open"]]


def invoice_mails(studio: Studio) -> list[str]:
    return [mail.letter.text for mail in studio.mailer.sent if mail.letter.subject.startswith("InvoiceMail")]


def test_the_mail_names_the_day_and_the_card_is_charged_on_its_morning(announced: Studio) -> None:
    assert announced.invoice().invoice.due_on == date(2026, 3, 5)
    [mail] = invoice_mails(announced)
    assert "charge_on=datetime.date(2026, 3, 5)" in mail
    assert "pay_url=None" in mail
    assert (charges(announced), captured(announced)) == ([("ready", 50_000)], [])

    go_to(announced, 5, hour=7)
    announced.round()
    assert effects_due(announced.ctx) == {}
    assert captured(announced) == []

    go_to(announced, 5, hour=8)
    assert EffectKind.CHARGE in effects_due(announced.ctx)
    announced.round()

    assert (charges(announced), captured(announced)) == ([("done", 50_000)], [50_000])
    assert announced.invoice().balance_minor == 0
    assert len(invoice_mails(announced)) == 1
    assert announced.codes() == []


def test_while_it_waits_nothing_reminds_and_nothing_calls_it_stuck(announced: Studio) -> None:
    for day in (3, 4):
        go_to(announced, day)
        announced.round()
        plan_follow_ups(announced.ctx)
        assert show_stuck(announced.ctx) == 0
        assert reconcile(announced.ctx, "stripe").differences == ()

    assert len(announced.mailer.sent) == 1
    assert announced.codes() == []


def test_a_charge_that_is_under_way_on_its_day_is_not_called_old(announced: Studio) -> None:
    go_to(announced, 5)
    announced.gateway.line.fail("confirm_charge", Crash())
    with pytest.raises(Crash):
        announced.do(EffectKind.CHARGE)

    assert show_stuck(announced.ctx) == 0
    announced.clock.go(minutes=6)
    announced.gateway.line.fail("read_payment", TemporaryError("down", "Stripe does not answer."), times=9)
    announced.do(EffectKind.CHARGE)
    assert show_stuck(announced.ctx) == 0
    assert announced.codes() == ["effect_unknown"]


def test_a_draft_that_is_approved_later_is_announced_from_then_on(announcing: Studio) -> None:
    announcing.policy = replace(announcing.policy, delivery_mode=DeliveryMode.REVIEW)
    announcing.autopay()
    announcing.round()
    go_to(announcing, 9)
    announcing.approve()
    announcing.round()

    assert announcing.invoice().invoice.due_on == date(2026, 3, 12)
    assert "charge_on=datetime.date(2026, 3, 12)" in invoice_mails(announcing)[0]


def test_nobody_is_charged_who_was_not_told_and_the_days_count_from_the_mail(announcing: Studio) -> None:
    announcing.mailer.line.fail("send", TemporaryError("smtp", "The mail server does not answer."), times=99)
    announcing.autopay()
    announcing.round()
    for day in (5, 6):
        go_to(announcing, day)
        announcing.round()
    assert captured(announcing) == []

    announcing.mailer.line.faults.clear()
    go_to(announcing, 7)
    announcing.round()
    assert "charge_on=datetime.date(2026, 3, 10)" in invoice_mails(announcing)[0]
    for day in (8, 9):
        go_to(announcing, day)
        announcing.round()
    assert captured(announcing) == []
    go_to(announcing, 10)
    announcing.round()

    assert captured(announcing) == [50_000]


def test_a_client_who_objects_is_not_charged_and_gets_a_page(announced: Studio) -> None:
    outcome = announced.ask("stop_autopay", number=NUMBER)
    announced.round()
    announced.round()

    assert outcome == f"The card is not charged for {NUMBER}. Ada j1 gets a page to pay 500.00 EUR on by mail."
    assert charges(announced) == [("cancelled", 50_000)]
    assert open_pages(announced) == ["500.00 EUR"]
    [_, again] = invoice_mails(announced)
    assert "pay_url='https://pay.example/plink_1', is_not_charged=True" in again
    assert "charge_on" not in again
    go_to(announced, 6)
    announced.round()
    assert captured(announced) == []
    announced.pay_on_page()
    announced.round()
    assert announced.invoice().balance_minor == 0
    assert not any(subject.startswith("PaymentFailedMail") for subject in announced.mailer.subjects())


def test_one_who_objects_before_the_mail_went_out_gets_one_mail(announcing: Studio) -> None:
    announcing.autopay()
    announcing.bill()
    announcing.ask("stop_autopay", number=NUMBER)
    announcing.round()
    announcing.round()

    [mail] = invoice_mails(announcing)
    assert "pay_url='https://pay.example/plink_1'" in mail


@pytest.mark.parametrize(
    ("happened", "sentence"),
    [
        (lambda studio: studio.pay_by_cheque(), "No charge of INV-2026-0001 waits; it is paid; `billing refund`"),
        (lambda studio: studio.ask("void", number=NUMBER), "No charge of INV-2026-0001 waits; it is void."),
        (lambda studio: studio.ask("stop_autopay", number=NUMBER), "its card was tried or given up before"),
    ],
)
def test_there_is_nothing_to_stop_where_nothing_waits(
    announced: Studio, happened: Callable[[Studio], object], sentence: str
) -> None:
    happened(announced)

    assert sentence in announced.ask("stop_autopay", number=NUMBER)


def test_a_charge_that_is_under_way_is_not_stopped(announced: Studio) -> None:
    go_to(announced, 5)
    announced.gateway.line.fail("confirm_charge", Crash())
    with pytest.raises(Crash):
        announced.do(EffectKind.CHARGE)

    for name in ("stop_autopay", "credit", "write_off", "void"):
        assert "is being charged" in announced.ask(name, number=NUMBER)


@pytest.mark.parametrize("act", ["revoke", "replace"])
def test_a_consent_that_ends_meanwhile_ends_the_charge_at_once(announced: Studio, act: str) -> None:
    if act == "revoke":
        outcome = announced.ask("revoke_consent", client_id="c-j1")
        assert outcome == f"c-j1 is not charged any more. They are asked to pay {NUMBER} by link instead."
    else:
        announced.consent(method="pm_2")
    assert charges(announced) == [("cancelled", 50_000)]
    announced.round()
    announced.round()

    assert open_pages(announced) == ["500.00 EUR"]
    assert "is_not_charged=True" in invoice_mails(announced)[-1]


def test_the_same_card_agreed_to_anew_is_charged_as_announced(announced: Studio) -> None:
    announced.consent()
    go_to(announced, 5)
    announced.round()

    assert captured(announced) == [50_000]


@pytest.mark.parametrize("act", ["credit", "write_off"])
def test_what_is_credited_or_written_off_meanwhile_is_not_charged(announced: Studio, act: str) -> None:
    outcome = announced.ask(act, number=NUMBER, amount_minor=5_000)

    assert outcome.endswith("450.00 EUR stay open.")
    assert charges(announced) == [("cancelled", 50_000), ("ready", 45_000)]
    announced.round()
    assert open_pages(announced) == []
    go_to(announced, 5)
    announced.round()
    assert captured(announced) == [45_000]
    assert announced.invoice().balance_minor == 0


def test_an_amount_that_comes_back_is_charged_by_a_charge_of_its_own(announced: Studio) -> None:
    """Each change makes another effect, though the amount was there before."""
    announced.pay_by_cheque(minor=10_000)
    announced.ask("refund", number=NUMBER, by_hand="cash", still_owed=1)

    assert charges(announced) == [("cancelled", 50_000), ("cancelled", 40_000), ("ready", 50_000)]
    go_to(announced, 5)
    announced.round()
    assert captured(announced) == [50_000]


@pytest.mark.parametrize(
    "act",
    [
        lambda studio: studio.ask("credit", number=NUMBER),
        lambda studio: studio.ask("void", number=NUMBER),
        lambda studio: studio.pay_by_cheque(),
    ],
)
def test_of_what_is_owed_no_more_nothing_is_charged(announced: Studio, act: Callable[[Studio], object]) -> None:
    act(announced)
    assert charges(announced) == [("cancelled", 50_000)]
    go_to(announced, 6)
    announced.round()

    assert captured(announced) == []
    assert open_pages(announced) == []


def test_a_part_that_is_paid_by_cheque_meanwhile_leaves_the_rest_for_the_card(announced: Studio) -> None:
    announced.pay_by_cheque(minor=20_000)
    announced.round()
    assert charges(announced) == [("cancelled", 50_000), ("ready", 30_000)]
    assert open_pages(announced) == []

    go_to(announced, 5)
    announced.round()

    assert captured(announced) == [30_000]
    assert announced.invoice().balance_minor == 0


def test_a_pause_keeps_the_card_from_being_charged_until_it_is_resumed(announced: Studio) -> None:
    outcome = announced.ask("pause_reminders", number=NUMBER)
    assert outcome == f"Reminders of {NUMBER} are paused. Its card is not charged until they are resumed."
    for day in (5, 6, 7, 8, 9, 10, 20):
        go_to(announced, day)
        announced.round()
    assert captured(announced) == []
    assert announced.codes() == []

    announced.ask("resume_reminders", number=NUMBER)
    announced.round()

    assert captured(announced) == [50_000]


def test_an_order_that_changed_meanwhile_is_decided_about_before_the_card_is_charged(announced: Studio) -> None:
    go_to(announced, 3)
    announced.session("j1", order("o-j1", 30_000), collection_preference="autopay", job={"name": "Changed"})
    announced.round()
    assert announced.codes() == ["order_changed"]
    go_to(announced, 5)
    announced.round()
    assert captured(announced) == []

    announced.ask("credit", number=NUMBER, amount_minor=20_000)
    announced.ask("resolve", subject=announced.invoice().invoice.invoice_id, code="order_changed")
    go_to(announced, 6)
    announced.round()

    assert captured(announced) == [30_000]


def test_a_daily_limit_counts_a_charge_on_its_day_and_not_before(announcing: Studio) -> None:
    announcing.policy = replace(announcing.policy, limits=DailyLimits(charges=1))
    for job in ("j1", "j2"):
        announcing.autopay(job)
    announcing.round()
    go_to(announcing, 3)
    announcing.round()
    assert announcing.codes() == []

    go_to(announcing, 5)
    announcing.round()

    assert sorted(charges(announcing)) == [("done", 50_000), ("ready", 50_000)]
    assert announcing.codes() == ["limit_charges"]
    go_to(announcing, 6)
    announcing.round()
    assert sorted(charges(announcing)) == [("done", 50_000), ("done", 50_000)]


def test_a_card_that_is_refused_on_its_day_becomes_a_page_as_ever(announced: Studio) -> None:
    announced.gateway.cards["pm_1"] = Refusal("lost_card")
    go_to(announced, 5)
    announced.round()

    assert open_pages(announced) == ["500.00 EUR"]
    assert any(subject.startswith("PaymentFailedMail") for subject in announced.mailer.subjects())


@pytest.mark.parametrize("call", ["prepare_charge", "confirm_charge"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_charge_that_dies_on_its_day_captures_once(announced: Studio, call: str, when: str) -> None:
    go_to(announced, 5)
    announced.gateway.line.fail(call, Crash(), when)
    with pytest.raises(Crash):
        announced.do(EffectKind.CHARGE)
    for _ in range(3):
        announced.clock.go(minutes=10)
        announced.round()

    assert captured(announced) == [50_000]
    assert announced.codes() == []


def test_what_is_in_doubt_before_its_day_is_not_charged_by_asking(announced: Studio) -> None:
    """A restored ledger doubts what stands ready; asking finds nothing, and the day is still to come."""
    with announced.ledger.write() as uow:
        uow.effects.doubt_all("restored", "a backup was restored", announced.clock.now())
    announced.clock.go(minutes=10)
    announced.do(EffectKind.CHARGE)
    announced.do(EffectKind.CHARGE)

    assert charges(announced) == [("ready", 50_000)]
    assert captured(announced) == []


def test_two_sessions_of_one_client_are_each_charged_on_their_day(announcing: Studio) -> None:
    announcing.autopay("j1")
    announcing.round()
    go_to(announcing, 4)
    announcing.autopay("j2")
    announcing.round()
    go_to(announcing, 5)
    announcing.round()
    assert sorted(charges(announcing)) == [("done", 50_000), ("ready", 50_000)]

    go_to(announcing, 7)
    announcing.round()

    assert sorted(charges(announcing)) == [("done", 50_000), ("done", 50_000)]
