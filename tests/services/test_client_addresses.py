"""Mail goes to where the client is reached today; the document stays what it was on the day of the invoice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from studio import Studio

from billing.adapters.ledger.overview import Overview
from billing.cli.history import history_text
from billing.domain.effects import EffectKind, EffectState, Intent
from billing.domain.errors import TemporaryError
from billing.domain.policy import DeliveryMode
from billing.domain.sessions import SessionFacts
from billing.services.collections.follow_up import plan_follow_ups

DUE_ON = date(2026, 3, 16)
NUMBER = "INV-2026-0001"


@pytest.fixture
def billed(studio: Studio) -> Studio:
    studio.session()
    studio.round()
    studio.clock.go(minutes=1)
    return studio


def facts_of(studio: Studio, job_id: str) -> SessionFacts:
    return studio.source.read_session([studio.source.jobs[job_id], *studio.source.related[job_id]], [])


def moves_to(studio: Studio, *emails: str, job_id: str = "j1") -> None:
    """The client tells the studio, which enters it at the booking system; the job itself does not change."""
    facts = facts_of(studio, job_id)
    changed = replace(facts, client=replace(facts.client, emails=emails))
    studio.source.put(changed, studio.source.jobs[job_id].modified_at)


def read_daily(studio: Studio) -> None:
    studio.clock.go(days=1, minutes=1)
    studio.observe()


def remind(studio: Studio, day: int) -> list[tuple[str, ...]]:
    """To whom reminders go on this day after the due date."""
    studio.until(DUE_ON + timedelta(days=day))
    before = len(studio.mailer.sent)
    plan_follow_ups(studio.ctx)
    studio.do(EffectKind.MAIL)
    return [mail.to for mail in studio.mailer.sent[before:]]


def history(studio: Studio) -> str:
    return history_text(Overview(studio.ledger.engine).history(NUMBER), "EUR", studio.clock.at.tzinfo)  # type: ignore[arg-type]


def bounced(studio: Studio) -> str:
    [mail] = [mail for mail in studio.effects(EffectKind.MAIL) if mail.state is EffectState.FAILED]
    return mail.effect_id


def test_reminders_go_to_todays_address_and_the_document_stays_what_it_was(billed: Studio) -> None:
    moves_to(billed, "new@example.com")
    read_daily(billed)

    assert remind(billed, 3) == [("new@example.com",)]
    assert billed.invoice().invoice.client.emails == ("j1@example.com", "second.j1@example.com")
    assert "mail goes to new@example.com from now on, no longer to j1@example.com" in history(billed)


def test_a_receipt_goes_to_all_of_todays_addresses(billed: Studio) -> None:
    moves_to(billed, "new@example.com", "too@example.com")
    read_daily(billed)
    billed.pay_by_cheque()
    billed.do(EffectKind.MAIL)

    assert billed.mailer.sent[-1].to == ("new@example.com", "too@example.com")


def test_what_still_waits_for_the_old_address_goes_to_the_new_one(studio: Studio) -> None:
    studio.session()
    studio.mailer.line.fail("send", TemporaryError("smtp_greylisted", "451 later"))
    studio.round()
    assert studio.mailer.sent == []
    moves_to(studio, "new@example.com")
    read_daily(studio)
    studio.round()

    assert [mail.to for mail in studio.mailer.sent] == [("new@example.com",)]


def test_an_address_that_is_read_again_unchanged_tells_nothing(billed: Studio) -> None:
    read_daily(billed)
    moves_to(billed, "J1@EXAMPLE.com", "second.j1@example.com")
    read_daily(billed)

    assert "mail goes to" not in history(billed)
    assert remind(billed, 3) == [("j1@example.com",)]


def test_a_change_after_the_invoice_is_paid_is_nobodys_news(billed: Studio) -> None:
    billed.pay_on_page()
    billed.round()
    moves_to(billed, "new@example.com")
    read_daily(billed)

    assert "mail goes to" not in history(billed)


def test_a_client_whose_addresses_are_gone_there_is_written_to_as_before(billed: Studio) -> None:
    moves_to(billed)
    read_daily(billed)

    assert remind(billed, 3) == [("j1@example.com",)]


def test_a_mail_that_bounced_goes_out_by_itself_once_the_address_is_corrected_there(studio: Studio) -> None:
    studio.mailer.gone.add("j1@example.com")
    studio.session()
    studio.round()
    assert studio.codes() == ["effect_failed"]
    moves_to(studio, "right@example.com")
    read_daily(studio)
    studio.round()

    assert [mail.to for mail in studio.mailer.sent] == [("right@example.com",)]
    assert studio.codes() == []


def test_trying_again_asks_the_booking_system_first(studio: Studio) -> None:
    """It says: correct it there, then try again. So a minute later is soon enough."""
    studio.mailer.gone.add("j1@example.com")
    studio.session()
    studio.round()
    moves_to(studio, "right@example.com")
    studio.clock.go(minutes=1)

    said = studio.ask("retry", effect_id=bounced(studio))
    studio.do(EffectKind.MAIL)

    assert "to right@example.com is tried again, as the booking system says." in said
    assert [mail.to for mail in studio.mailer.sent] == [("right@example.com",)]


def test_trying_again_does_not_wait_for_a_booking_system_that_is_silent(studio: Studio) -> None:
    studio.mailer.gone.add("j1@example.com")
    studio.session()
    studio.round()
    studio.mailer.gone.clear()
    studio.source.line.fail("related:j1", TemporaryError("down", "The line is down."))

    assert "is tried again." in studio.ask("retry", effect_id=bounced(studio))
    assert studio.do(EffectKind.MAIL) == {"done": 1}


def test_an_address_that_a_person_gave_wins_until_the_booking_system_says_a_newer_one(studio: Studio) -> None:
    studio.mailer.gone.add("j1@example.com")
    studio.session()
    studio.round()
    studio.ask("retry", effect_id=bounced(studio), to="given@example.com")
    studio.do(EffectKind.MAIL)
    read_daily(studio)  # the old address is still there
    assert remind(studio, -7) == [("given@example.com",)]

    moves_to(studio, "newer@example.com")
    read_daily(studio)
    assert remind(studio, 3) == [("newer@example.com",)]

    told = [line for line in history(studio).splitlines() if "mail goes to" in line]
    assert "olga" in told[0]
    assert "to given@example.com from now on, no longer to j1@example.com" in told[0]
    assert "to newer@example.com from now on, no longer to given@example.com" in told[1]


def test_what_a_person_gave_for_one_mail_serves_all_that_the_old_address_refused(studio: Studio) -> None:
    studio.mailer.gone |= {"j1@example.com", "second.j1@example.com"}
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()
    studio.round()
    studio.round()
    failed = [mail for mail in studio.effects(EffectKind.MAIL) if mail.state is EffectState.FAILED]
    assert len(failed) > 1

    said = studio.ask("retry", effect_id=failed[0].effect_id, to="right@example.com")
    studio.do(EffectKind.MAIL)

    assert said.endswith(f"to right@example.com is tried again, with {len(failed) - 1} more that were refused.")
    assert {mail.to for mail in studio.mailer.sent} == {("right@example.com",)}
    assert len(studio.mailer.sent) == len(failed)
    assert studio.codes() == []


def test_no_address_at_all_is_refused_and_changes_nothing(studio: Studio) -> None:
    studio.mailer.gone.add("j1@example.com")
    studio.session()
    studio.round()

    assert "is not an e-mail address" in studio.ask("retry", effect_id=bounced(studio), to="by phone")
    assert studio.column("select count(*) from client_addresses where origin = 'given'") == [0]
    assert studio.codes() == ["effect_failed"]


def test_a_mail_to_the_owner_goes_to_no_other_address(studio: Studio) -> None:
    studio.policy = replace(studio.policy, owner_email="")
    alert = Intent(EffectKind.MAIL, "owner_alert", "job:x", {"title": "x", "sentences": "y"})
    with studio.ledger.write() as uow:
        uow.effects.intend(alert, studio.clock.now())
    studio.do(EffectKind.MAIL)

    assert "set BILLING_OWNER_EMAIL" in studio.ask("retry", effect_id=bounced(studio), to="a@b.example")
    studio.policy = replace(studio.policy, owner_email="owner@x.example")
    studio.ask("retry", effect_id=bounced(studio))
    studio.do(EffectKind.MAIL)
    assert [mail.to for mail in studio.mailer.sent] == [("owner@x.example",)]


def test_a_draft_that_waited_goes_to_the_address_of_the_day_on_which_it_is_approved(studio: Studio) -> None:
    studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
    studio.session()
    studio.round()
    moves_to(studio, "new@example.com")
    studio.clock.go(days=3)
    assert "has changed since you looked" in studio.approve()
    studio.approve()
    studio.round()

    assert [mail.to for mail in studio.mailer.sent] == [("new@example.com",)]


def test_a_new_session_of_a_client_tells_the_address_of_the_older_one(billed: Studio) -> None:
    facts = facts_of(billed, "j1")
    billed.session("j2", client=replace(facts.client, emails=("new@example.com",)))
    billed.round()

    assert billed.mailer.sent[-1].to == ("new@example.com",)
    assert remind(billed, 3) == [("new@example.com",)] * 2


def test_a_reminder_that_was_refused_is_decided_anew_on_the_day_on_which_it_is_tried_again(billed: Studio) -> None:
    billed.mailer.gone.add("j1@example.com")
    assert remind(billed, 3) == []
    billed.until(DUE_ON + timedelta(days=8))

    said = billed.ask("retry", effect_id=bounced(billed), to="right@example.com")
    billed.do(EffectKind.MAIL)

    assert said == f"Reminders of {NUMBER} go on: one goes out now."
    assert billed.mailer.subjects()[-1] == f"ReminderMail {NUMBER} second_notice"
    assert billed.mailer.sent[-1].to == ("right@example.com",)
    assert billed.codes() == []


def test_a_reminder_is_tried_again_on_its_own_day_as_it_was(billed: Studio) -> None:
    billed.mailer.gone.add("j1@example.com")
    assert remind(billed, 3) == []

    billed.ask("retry", effect_id=bounced(billed), to="right@example.com")
    assert billed.do(EffectKind.MAIL) == {"done": 1}
    assert billed.mailer.subjects()[-1] == f"ReminderMail {NUMBER} first_notice"


def test_no_reminder_is_tried_again_for_what_is_paid(billed: Studio) -> None:
    billed.mailer.gone.add("j1@example.com")
    remind(billed, 3)
    failed = bounced(billed)
    billed.pay_by_cheque()
    billed.clock.go(days=2)

    assert billed.ask("retry", effect_id=failed, to="right@example.com").endswith("none is due today.")
    billed.do(EffectKind.MAIL)
    assert all("Reminder" not in subject for subject in billed.mailer.subjects())
