"""Yesterday's backup over today's world: nothing is sent, charged or numbered again; a person hears of each doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from studio import Studio

from billing.adapters.ledger.backup import Contents, back_up, restore
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.policy import DeliveryMode
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.due_work import note_followed_up
from billing.services.effects.janitor import show_stuck
from billing.services.safety.restore import finish_restore, mark_restored, reconcile_restored

UNREACHABLE = TemporaryError("stripe_unreachable", "Stripe could not be reached.")


def save(studio: Studio, folder: Path) -> Path:
    copy = folder / "day-1.db"
    back_up(studio.ledger.url, copy, studio.clock.now())
    return copy


def put_back(studio: Studio, copy: Path) -> None:
    """As `billing restore` does it: the pipeline is stopped, the copy is marked before it takes the ledger's place."""
    studio.ledger.close()

    def prepare(ledger: SqlLedger, present: Contents | None) -> None:
        mark_restored(ledger, "the disk is gone", "olga", studio.clock.now(), present.holds if present else ())

    restore(studio.ledger.url, copy, studio.clock.now().strftime("%Y%m%dT%H%M%SZ"), prepare)
    studio.ledger = SqlLedger(studio.ledger.url)


def reconcile(studio: Studio) -> str:
    return reconcile_restored(studio.ctx, lambda ctx: None, "olga")


def days_go_by(studio: Studio, days: int = 3) -> None:
    """Rounds and reminders, several a day."""
    for _ in range(days):
        studio.clock.go(hours=12)
        for _ in range(2):
            studio.round()
            plan_follow_ups(studio.ctx)
            studio.do(EffectKind.MAIL)
        note_followed_up(studio.ctx)
        studio.clock.go(hours=12)


def done_outside(studio: Studio) -> dict[str, object]:
    """What the clients, the bank and the booking system have seen."""
    return {
        "mails": sorted(mail.message_id for mail in studio.mailer.sent),
        "captured": sorted(p.fact.payment_id for p in studio.gateway.payments.values() if p.fact.amount.minor),
        "payments": len(studio.gateway.payments),
        "links": len(studio.gateway.links),
        "written": sorted(studio.source.written),
        "applied": dict(studio.source.applied),
        "opened": sorted(set(studio.host.opened)),
    }


def two_days(studio: Studio, folder: Path) -> Path:
    """Day 1 leaves work of every kind; on day 2 it is all done, and new sessions are billed."""
    studio.autopay("charged")
    studio.with_gallery("paying")
    studio.session("silent")
    studio.bill()
    copy = save(studio, folder)
    studio.round()
    studio.pay_on_page("paying")
    studio.round()
    studio.tomorrow()
    studio.autopay("new-charged")
    studio.session("new-silent")
    for _ in range(2):
        studio.round()
    days_go_by(studio, 9)  # the first reminder is out
    return copy


def test_yesterdays_backup_over_todays_world_does_nothing_again(studio: Studio, tmp_path: Path) -> None:
    copy = two_days(studio, tmp_path)
    before = done_outside(studio)
    assert any("ReminderMail" in subject for subject in studio.mailer.subjects())
    put_back(studio, copy)

    days_go_by(studio, 2)
    assert done_outside(studio) == before
    assert "hold_restored" in studio.codes()

    said = reconcile(studio)
    days_go_by(studio, 3)

    assert done_outside(studio) == before
    assert said.endswith("2 invoices of Stripe's are not in the books.")
    assert "hold_restored" not in studio.codes()
    states = {(effect.kind.value, effect.state.value) for effect in studio.effects()}
    assert {one for one in states if one[1] in ("ready", "in_flight")} == set()
    assert {one for one in states if one[1] == "unknown"} == {("mail", "unknown")}
    assert studio.invoice("charged").balance_minor == studio.invoice("paying").balance_minor == 0


def test_what_is_new_after_a_restore_goes_its_usual_way_in_a_new_series(studio: Studio, tmp_path: Path) -> None:
    copy = two_days(studio, tmp_path)
    put_back(studio, copy)
    reconcile(studio)
    days_go_by(studio, 1)
    before = len(studio.mailer.sent)
    studio.policy = replace(studio.policy, number_series="B-{year}-")
    studio.session("brand-new", job={"fulfilled_on": studio.clock.now().date()})
    for _ in range(2):
        studio.round()

    assert studio.invoice("brand-new").invoice.number == "B-2026-0001"
    assert len(studio.mailer.sent) == before + 1


def test_sessions_billed_between_backup_and_restore_wait_for_a_person_who_is_told_the_number(
    studio: Studio, tmp_path: Path
) -> None:
    copy = two_days(studio, tmp_path)
    put_back(studio, copy)
    reconcile(studio)
    studio.round()

    warned = {key[0]: sentence for key, sentence in studio.open_items().items() if key[1] == "perhaps_billed"}
    assert set(warned) == {"vsco:new-charged", "vsco:new-silent"}
    assert "Stripe knows invoice INV-2026-0004 for it" in warned["vsco:new-charged"]
    outcome = studio.approve()
    assert "Stripe knows INV-2026-0005, which these books did not give" in outcome
    assert studio.column("select count(*) from invoices") == [3]


def test_a_discarded_doubtful_draft_closes_its_question(studio: Studio, tmp_path: Path) -> None:
    copy = two_days(studio, tmp_path)
    put_back(studio, copy)
    reconcile(studio)
    studio.round()
    with studio.ledger.read() as uow:
        drafts = [row.invoice.invoice_id for row in uow.drafts.in_state("waiting")]

    for draft in drafts:
        studio.ask("discard", invoice_id=draft)

    assert "perhaps_billed" not in studio.codes()


def test_no_number_is_given_before_the_reconciliation(studio: Studio, tmp_path: Path) -> None:
    studio.session("one")
    studio.round()
    copy = save(studio, tmp_path)
    put_back(studio, copy)
    studio.session("two")
    studio.round()

    assert "`billing reconcile` has run" in studio.approve()
    assert studio.column("select count(*) from invoices") == [1]


def test_a_session_of_before_the_restore_waits_for_a_person_even_if_stripe_knows_nothing_of_it(
    studio: Studio, tmp_path: Path
) -> None:
    copy = save(studio, tmp_path)
    put_back(studio, copy)
    reconcile(studio)
    studio.session("old")
    studio.session("new", job={"fulfilled_on": studio.clock.now().date() + timedelta(days=1)})
    studio.clock.go(days=1)
    studio.round()

    assert [row.invoice.number for row in studio.invoices("new")] == ["INV-2026-0001"]
    assert studio.invoices("old") == []
    [sentence] = [said for key, said in studio.open_items().items() if key[1] == "perhaps_billed"]
    assert sentence.startswith("Session old of Ada old was perhaps billed between backup and restore. Look into")


def test_a_reminder_that_went_out_after_the_backup_is_not_sent_again_and_the_next_stage_is(
    studio: Studio, tmp_path: Path
) -> None:
    """Due on 16 March: `upcoming` on the 9th, after the backup; restored on the 10th; `due_today` comes as always."""
    studio.session()
    studio.round()
    copy = save(studio, tmp_path)
    studio.until(date(2026, 3, 9))
    days_go_by(studio, 1)
    put_back(studio, copy)
    reconcile(studio)
    days_go_by(studio, 7)

    reminders = [subject.split()[-1] for subject in studio.mailer.subjects() if "Reminder" in subject]
    assert sorted(reminders) == ["due_today", "upcoming"]


def test_a_draft_that_waited_in_the_backup_says_that_it_was_perhaps_approved_since(
    studio: Studio, tmp_path: Path
) -> None:
    studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
    studio.session()
    studio.round()
    copy = save(studio, tmp_path)
    studio.approve()
    studio.round()
    put_back(studio, copy)
    reconcile(studio)

    [sentence] = [said for key, said in studio.open_items().items() if key[1] == "perhaps_billed"]
    assert "Stripe knows invoice INV-2026-0001 for it" in sentence


def test_a_charge_that_was_never_made_is_made_once_after_the_evidence(studio: Studio, tmp_path: Path) -> None:
    studio.autopay()
    studio.bill()
    copy = save(studio, tmp_path)
    put_back(studio, copy)
    reconcile(studio)
    days_go_by(studio, 2)

    assert studio.gateway.captured(studio.invoice().invoice.invoice_id) == [50_000]
    assert studio.gateway.line.calls.count("find_charges") >= 1


def test_a_payment_whose_event_is_lost_is_found_by_asking_and_its_receipt_is_not_sent_again(
    studio: Studio, tmp_path: Path
) -> None:
    """The events are older than what the provider keeps: the charge's own state answers."""
    studio.autopay()
    studio.bill()
    copy = save(studio, tmp_path)
    studio.round()
    mails = len(studio.mailer.sent)
    assert mails == 2
    studio.gateway.events.clear()
    studio.clock.go(days=40)
    put_back(studio, copy)
    reconcile(studio)
    days_go_by(studio, 2)

    assert studio.invoice().balance_minor == 0
    assert len(studio.gateway.payments) == 1
    assert len(studio.mailer.sent) == mails
    assert studio.codes().count("mails_in_doubt") == 1


@pytest.mark.parametrize(
    "calls", [["changed_jobs"], ["new_events"], ["read_story", "read_payment"], ["known_invoices"]]
)
def test_while_the_outside_cannot_be_read_to_the_end_the_hold_stays(
    studio: Studio, tmp_path: Path, calls: list[str]
) -> None:
    copy = two_days(studio, tmp_path)
    before = done_outside(studio)
    put_back(studio, copy)
    for line in (studio.gateway.line, studio.source.line):
        for call in calls:
            line.fail(call, UNREACHABLE, times=500)

    with pytest.raises(TemporaryError):
        reconcile(studio)
    for line in (studio.gateway.line, studio.source.line):
        line.faults.clear()
    days_go_by(studio, 1)
    assert "hold_restored" in studio.codes()
    assert done_outside(studio) == before
    reconcile(studio)
    days_go_by(studio, 1)

    assert done_outside(studio) == before


def test_a_stop_that_a_person_gave_outlives_the_restore(studio: Studio, tmp_path: Path) -> None:
    studio.session()
    studio.bill()
    copy = save(studio, tmp_path)
    studio.ask("hold", reason="wrong prices")
    put_back(studio, copy)
    reconcile(studio)
    days_go_by(studio, 1)

    assert "hold_asked_for" in studio.codes()
    assert studio.gateway.links == {}


def test_what_was_asked_for_before_the_backup_is_not_carried_out_again(studio: Studio, tmp_path: Path) -> None:
    studio.session()
    studio.round()
    number = str(studio.invoice().invoice.number)
    with studio.ledger.write() as uow:
        uow.commands.submit("void", {"number": number}, "olga", "asked", studio.clock.now())
    copy = save(studio, tmp_path)
    put_back(studio, copy)
    studio.round()

    assert not studio.invoice().is_void
    assert studio.column("select state from commands") == ["refused"]


def test_mails_in_doubt_are_settled_by_a_named_person_all_at_once(studio: Studio, tmp_path: Path) -> None:
    studio.session("one")
    studio.session("two")
    studio.round()
    studio.round()
    studio.bill()
    _restore_with_mails_in_doubt(studio, tmp_path)
    assert studio.codes().count("mails_in_doubt") == 1

    outcome = studio.ask("settle_mails", happened="no", reason="not in the sent folder")
    before = len(studio.mailer.sent)
    studio.round()

    assert outcome == "2 mails are sent now."
    assert len(studio.mailer.sent) == before + 2
    assert "mails_in_doubt" not in studio.codes()


def test_mails_in_doubt_that_went_out_are_not_sent_again(studio: Studio, tmp_path: Path) -> None:
    studio.session()
    studio.round()
    _restore_with_mails_in_doubt(studio, tmp_path)
    before = len(studio.mailer.sent)

    outcome = studio.ask("settle_mails", happened="yes", reason="they are in the sent folder")
    days_go_by(studio, 1)

    assert outcome == "1 mail is settled as sent."
    assert len(studio.mailer.sent) == before
    assert {mail.state for mail in studio.effects(EffectKind.MAIL)} == {EffectState.DONE}


def test_the_question_about_mails_in_doubt_closes_when_each_of_them_is_settled(studio: Studio, tmp_path: Path) -> None:
    studio.session()
    studio.round()
    _restore_with_mails_in_doubt(studio, tmp_path)
    [in_doubt] = [mail for mail in studio.effects(EffectKind.MAIL) if mail.state is EffectState.UNKNOWN]
    studio.clock.go(days=2)
    assert show_stuck(studio.ctx) == 0  # told of in the one question
    assert studio.codes().count("mails_in_doubt") == 1

    studio.ask("settle", effect_id=in_doubt.effect_id, happened="yes")
    assert show_stuck(studio.ctx) == 0

    assert "mails_in_doubt" not in studio.codes()


def test_a_restore_is_finished_once(studio: Studio, tmp_path: Path) -> None:
    copy = save(studio, tmp_path)
    put_back(studio, copy)
    reconcile(studio)

    with pytest.raises(PermanentError, match="not waiting for the reconciliation"):
        finish_restore(studio.ctx, "olga")


def test_a_second_restore_counts_from_its_own_time(studio: Studio, tmp_path: Path) -> None:
    copy = save(studio, tmp_path)
    put_back(studio, copy)
    again = tmp_path / "again.db"
    back_up(studio.ledger.url, again, studio.clock.now())
    studio.clock.go(days=2)
    put_back(studio, again)

    with studio.ledger.read() as uow:
        [hold] = uow.operations.holds()
        assert hold.placed_at == studio.clock.now() == uow.operations.last_hold("restored")


def _restore_with_mails_in_doubt(studio: Studio, folder: Path) -> None:
    """As if the mails that went out were still to go when the backup was made."""
    put_back(studio, save(studio, folder))
    with studio.ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(text("update effects set state = 'ready', outcome_code = null where kind = 'mail'"))
    reconcile(studio)
