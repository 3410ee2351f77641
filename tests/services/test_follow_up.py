"""Unpaid invoices, day by day: the policy as a table, and what is sent to whom, by a clock that tests turn."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from promises import broken_promises
from sqlalchemy import text
from studio import Studio

from billing.domain.effects import EffectKind, EffectState, Intent
from billing.domain.errors import UnknownOutcomeError
from billing.domain.payments import PaymentStatus, Refusal
from billing.services.collections.follow_up import plan_follow_ups

DUE_ON = date(2026, 3, 16)


@pytest.fixture
def billed(studio: Studio) -> Studio:
    studio.session()
    studio.round()
    studio.mailer.sent.clear()
    return studio


def tick(studio: Studio, day: int) -> list[str]:
    """Everything that follow-up does on this day after the due date, three times over; which mails went out."""
    studio.until(DUE_ON + timedelta(days=day))
    before = len(studio.mailer.sent)
    for _ in range(3):
        plan_follow_ups(studio.ctx)
        studio.do(EffectKind.MAIL)
    return [mail.letter.subject.split()[-1] for mail in studio.mailer.sent[before:]]


def test_an_invoice_that_breaks_what_nobody_foresaw_keeps_no_other_from_being_followed_up(billed: Studio) -> None:
    billed.session("j2")
    billed.round()
    first = billed.invoice("j1").invoice.invoice_id
    with billed.ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
        spoiled = text("update effects set parameters = '{' where kind = 'mail' and subject_id = :invoice")
        connection.execute(spoiled, {"invoice": first})
    billed.mailer.sent.clear()

    assert tick(billed, -7) == ["upcoming"]
    assert [code for subject, code in billed.open_items() if subject == first] == ["follow_up_failed"]


def test_the_whole_way_of_an_unpaid_invoice(billed: Studio) -> None:
    table = """
        -8  |
        -7  | upcoming
        -6  |
         0  | due_today
         1  |
         3  | first_notice
         7  | second_notice
        14  | third_notice
        29  |
        30  | final_notice
        36  |
        37  |
    """
    for line in filter(None, map(str.strip, table.splitlines())):
        day, _, expected = line.partition("|")
        assert tick(billed, int(day)) == expected.split(), day
    assert billed.codes() == ["follow_ups_ended"]
    said_to_be_last = ["is_last=True" in mail.letter.text for mail in billed.mailer.sent]
    assert said_to_be_last == [False, False, False, False, False, True]


def test_what_was_handed_to_a_person_is_not_asked_again_and_closes_when_paid(billed: Studio) -> None:
    tick(billed, 60)
    tick(billed, 70)
    assert billed.codes() == ["follow_ups_ended"]
    subject = next(iter(billed.open_items()))[0]
    billed.ask("resolve", subject=subject)
    assert tick(billed, 71) == []
    assert billed.codes() == []


def test_paying_closes_what_was_handed_to_a_person(billed: Studio) -> None:
    tick(billed, 60)
    tick(billed, 70)
    billed.pay_on_page()
    billed.round()

    assert billed.codes() == []


def test_of_several_missed_stages_only_the_latest_is_sent_and_stages_only_go_up(billed: Studio) -> None:
    assert tick(billed, 15) == ["third_notice"]
    assert tick(billed, 16) == []
    assert tick(billed, 31) == ["final_notice"]


def test_a_clock_set_back_sends_nothing(billed: Studio) -> None:
    tick(billed, 3)
    assert tick(billed, 1) == []
    assert tick(billed, -7) == []
    assert tick(billed, 7) == ["second_notice"]


def test_a_reminder_of_a_day_that_has_passed_is_decided_anew(billed: Studio) -> None:
    billed.until(DUE_ON + timedelta(days=3), hour=20)
    plan_follow_ups(billed.ctx)
    assert tick(billed, 4) == ["first_notice"]
    assert billed.column("select state from effects where purpose = 'reminder:first_notice' order by created_at") == [
        "cancelled",
        "done",
    ]


@pytest.mark.parametrize("when", ["planning", "sending"])
@pytest.mark.parametrize("why", ["paid", "void", "paused", "charged"])
def test_no_reminder_when_nothing_is_to_be_reminded_of(billed: Studio, why: str, when: str) -> None:
    billed.until(DUE_ON + timedelta(days=3))
    if when == "sending":
        plan_follow_ups(billed.ctx)
    number = str(billed.invoice().invoice.number)
    if why == "paid":
        billed.ask(
            "record_payment", number=number, amount_minor=50_000, reference="1", method="cash", received_on="2026-03-19"
        )
    elif why == "charged":
        with billed.ledger.write() as uow:
            subject = billed.invoice().invoice.invoice_id
            uow.effects.intend(Intent(EffectKind.CHARGE, "autopay", subject, {}), billed.clock.now())
    else:
        billed.ask({"void": "void", "paused": "pause_reminders"}[why], number=number)

    assert [stage for stage in tick(billed, 3) if "notice" in stage] == []


def test_reminders_go_on_when_they_are_resumed(billed: Studio) -> None:
    number = str(billed.invoice().invoice.number)
    billed.ask("pause_reminders", number=number)
    billed.ask("pause_reminders", number=number)
    assert tick(billed, 3) == []
    billed.ask("resume_reminders", number=number)
    assert tick(billed, 4) == ["first_notice"]


def test_nobody_on_autopay_is_reminded_while_the_card_is_tried(studio: Studio) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = PaymentStatus.PROCESSING
    studio.round()
    studio.mailer.sent.clear()

    assert [tick(studio, day) for day in (3, 7, 14)] == [[], [], []]


def test_a_client_whose_charge_failed_is_reminded_like_the_others(studio: Studio) -> None:
    studio.autopay()
    studio.gateway.cards["pm_1"] = Refusal("lost_card")
    studio.round()
    studio.mailer.sent.clear()

    assert tick(studio, 3) == ["third_notice"]  # due on the day of issue, two weeks before the others


def test_an_invoice_that_lost_its_consent_before_it_was_finalized_is_reminded(studio: Studio) -> None:
    """Its draft said autopay; without a charge nobody would ever have asked for the money."""
    studio.autopay()
    studio.observe()
    studio.ask("revoke_consent", client_id="c-j1")
    studio.round()
    studio.mailer.sent.clear()

    assert tick(studio, 3) == ["first_notice"]


def test_no_reminder_without_a_link_to_pay_on(billed: Studio) -> None:
    with billed.ledger.write() as uow:
        for link_id in billed.gateway.links:
            uow.pay_links.close(link_id, billed.clock.now())

    assert tick(billed, 3) == []


def test_a_reminder_in_doubt_is_not_sent_again(billed: Studio) -> None:
    billed.mailer.line.fail("send", UnknownOutcomeError("smtp_lost", "The line dropped."), "after")

    assert tick(billed, 3) == ["first_notice"]
    assert tick(billed, 4) == []
    assert billed.codes() == ["effect_unknown"]


def test_a_part_payment_is_taken_off_in_the_next_reminder(billed: Studio) -> None:
    billed.pay_on_page(minor=20_000)
    billed.round()
    tick(billed, 3)

    assert "balance_minor=30000" in billed.mailer.sent[-1].letter.text
    assert "plink_2" in billed.mailer.sent[-1].letter.text


def test_a_client_whose_address_bounces_is_not_reminded_until_the_invoice_has_reached_them(studio: Studio) -> None:
    studio.session()
    studio.mailer.gone.add("j1@example.com")
    studio.round()
    [bounced] = studio.effects(EffectKind.MAIL)

    assert tick(studio, 3) == []
    assert studio.codes() == ["effect_failed"]

    studio.ask("retry", effect_id=bounced.effect_id, to="right@example.com")
    studio.do(EffectKind.MAIL)
    assert [mail.to for mail in studio.mailer.sent] == [("right@example.com",)]
    assert studio.codes() == []

    studio.mailer.sent.clear()
    assert tick(studio, 7) == ["second_notice"]
    assert studio.mailer.sent[0].to == ("right@example.com",)


def test_reminders_stop_when_one_bounces(billed: Studio) -> None:
    billed.mailer.gone.add("j1@example.com")

    assert tick(billed, 3) == []
    assert tick(billed, 7) == []
    assert billed.codes() == ["effect_failed"]


def test_a_reminder_that_bounced_goes_to_another_address_days_later_and_so_does_the_next(billed: Studio) -> None:
    billed.mailer.gone.add("j1@example.com")
    assert tick(billed, 3) == []
    [bounced] = [mail for mail in billed.effects(EffectKind.MAIL) if mail.state is EffectState.FAILED]
    billed.clock.go(days=2)

    billed.ask("retry", effect_id=bounced.effect_id, to="right@example.com")
    billed.do(EffectKind.MAIL)

    assert billed.mailer.sent[-1].to == ("right@example.com",)
    assert "days_past_due=5" in billed.mailer.sent[-1].letter.text
    assert billed.codes() == []
    billed.mailer.sent.clear()
    assert tick(billed, 7) == ["second_notice"]
    assert billed.mailer.sent[0].to == ("right@example.com",)


@pytest.mark.parametrize(("again_to", "is_sent"), [(None, True), ("third@example.com", True), (None, False)])
def test_a_mail_that_went_to_another_address_is_sent_nowhere_else(
    studio: Studio, again_to: str | None, is_sent: bool
) -> None:
    studio.session()
    studio.mailer.gone.add("j1@example.com")
    studio.round()
    [bounced] = studio.effects(EffectKind.MAIL)
    studio.ask("retry", effect_id=bounced.effect_id, to="right@example.com")
    if is_sent:
        studio.do(EffectKind.MAIL)

    studio.ask("retry", effect_id=bounced.effect_id, **({"to": again_to} if again_to else {}))

    studio.do(EffectKind.MAIL)
    assert [mail.to for mail in studio.mailer.sent] == [("right@example.com",)]
    assert broken_promises(studio) == {}


@pytest.mark.parametrize(("state", "how"), [("done", "went"), ("ready", "is on its way")])
def test_a_mail_that_an_older_version_wrote_anew_to_another_address_is_sent_nowhere_else(
    studio: Studio, state: str, how: str
) -> None:
    studio.session()
    studio.mailer.gone.add("j1@example.com")
    studio.round()
    [bounced] = studio.effects(EffectKind.MAIL)
    told = {"to": "right@example.com", "sent_elsewhere": 1, "invoice_id": bounced.subject_id}
    with studio.ledger.write() as uow:
        anew = Intent(EffectKind.MAIL, bounced.purpose, bounced.subject_id, dict(told), occasion="right@example.com")
        uow.effects.intend(anew, studio.clock.now())
        uow.effects.reopen(anew.effect_id, EffectState(state), studio.clock.now())

    outcome = studio.ask("retry", effect_id=bounced.effect_id)

    assert outcome == f"{bounced.effect_id} {how} to another address already; it is not sent twice."


def test_a_reminder_keeps_the_version_of_the_policy_that_asked_for_it(billed: Studio) -> None:
    tick(billed, 3)

    reminders = [mail for mail in billed.effects(EffectKind.MAIL) if mail.purpose.startswith("reminder:")]
    assert [mail.number("policy_version") for mail in reminders] == [billed.ctx.policy.dunning.version]
