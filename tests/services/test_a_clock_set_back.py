"""A machine's clock is set back by seven hours: it is said as what it is, money goes on, and the day is waited for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from fakes import Crash
from promises import broken_promises
from studio import Studio

from billing.domain.effects import EffectKind
from billing.domain.errors import TemporaryError
from billing.domain.policy import DeliveryMode
from billing.ports.operations import Heartbeat
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.due_work import effects_due, follow_ups_are_due, note_followed_up
from billing.services.safety.clock_set_back import CLOCK, SET_BACK, look_at_clock
from billing.services.safety.watchdog import beat, is_late, late_heartbeats, watch

SEVEN_HOURS = timedelta(hours=7)
TO_YESTERDAY = timedelta(hours=12)  # it is ten o'clock in Berlin


def set_back(studio: Studio, by: timedelta = SEVEN_HOURS) -> str | None:
    """The watchdog has looked before and looks again within seconds."""
    look_at_clock(studio.ctx)
    studio.clock.at -= by
    studio.clock.go(seconds=5)
    return look_at_clock(studio.ctx)


def session_at(studio: Studio, job_id: str, at: datetime) -> None:
    """A session that is completed then, by the booking system's clock, which is right."""
    studio.source.put(studio.session(job_id), at)


def said(studio: Studio) -> str | None:
    return studio.open_items().get((CLOCK, SET_BACK))


def reminded(studio: Studio) -> int:
    return sum("reminder:" in effect.purpose for effect in studio.effects(EffectKind.MAIL))


def test_no_promise_is_called_broken_and_what_is_paid_goes_its_way(studio: Studio) -> None:
    studio.with_gallery("j1")
    studio.autopay("j2")
    studio.round()
    studio.until(date(2026, 3, 16))
    plan_follow_ups(studio.ctx)
    studio.do(EffectKind.MAIL)

    set_back(studio)
    studio.pay_on_page("j1")
    for _ in range(3):
        studio.round()
        studio.clock.go(minutes=2)

    assert broken_promises(studio) == {}
    assert studio.column("select count(*) from grants where revoked_at is null") == [1]
    assert "ReceiptMail" not in studio.codes()
    assert [mail.letter.subject.split()[0] for mail in studio.mailer.sent].count("ReceiptMail") >= 1


def test_it_is_one_task_with_both_hours_and_ends_by_itself(studio: Studio) -> None:
    studio.session()
    studio.round()

    sentence = set_back(studio)
    set_back_at = studio.clock.now()

    assert sentence == said(studio)
    assert "went back by 7 h at 03:00 on 2 March 2026: it had shown 10:00 on 2 March 2026" in str(sentence)
    assert studio.column("select kind from domain_events where subject_id = 'clock'") == [SET_BACK]
    while studio.clock.now() < set_back_at + SEVEN_HOURS - timedelta(minutes=1):
        assert look_at_clock(studio.ctx) is not None or said(studio) is not None
        studio.clock.go(minutes=30)
    look_at_clock(studio.ctx)
    assert said(studio) is None
    assert studio.column("select kind from domain_events where subject_id = 'clock'") == [SET_BACK]


@pytest.mark.parametrize("minutes", [-4, 4, 300])
def test_what_clocks_do_all_day_is_no_news(studio: Studio, minutes: int) -> None:
    studio.session()
    studio.round()

    assert set_back(studio, timedelta(minutes=-minutes) if minutes > 0 else timedelta(minutes=4)) is None
    assert said(studio) is None


def test_a_clock_that_goes_back_again_is_told_of_anew(studio: Studio) -> None:
    studio.session()
    studio.round()
    set_back(studio, timedelta(hours=3))
    studio.clock.go(hours=1)

    assert "by 6 h" in str(set_back(studio, timedelta(hours=4)))
    assert "by 6 h" in str(said(studio))


class TestWhatHangsOnTheDay:
    def test_reminders_wait_until_the_clock_has_passed_what_it_had_shown(self, studio: Studio) -> None:
        studio.session()
        studio.round()
        studio.until(date(2026, 3, 16))
        set_back(studio)

        assert not follow_ups_are_due(studio.ctx)
        assert plan_follow_ups(studio.ctx) == {}
        studio.clock.go(hours=7)
        assert follow_ups_are_due(studio.ctx)
        assert plan_follow_ups(studio.ctx) == {"due_today": 1}

    @pytest.mark.parametrize("by", [SEVEN_HOURS, TO_YESTERDAY], ids=str)
    def test_one_that_was_decided_on_before_goes_out_once_afterwards(self, studio: Studio, by: timedelta) -> None:
        studio.session()
        studio.round()
        studio.until(date(2026, 3, 16))
        plan_follow_ups(studio.ctx)
        studio.mailer.sent.clear()
        set_back(studio, by)

        studio.do(EffectKind.MAIL)
        assert studio.mailer.sent == []
        studio.clock.at += by
        for _ in range(3):
            plan_follow_ups(studio.ctx)
            studio.do(EffectKind.MAIL)
            studio.clock.go(hours=1)

        assert len(studio.mailer.sent) == 1
        assert reminded(studio) == 1

    def test_an_invoice_is_dated_on_the_same_day_and_waits_on_an_earlier_one(self, studio: Studio) -> None:
        studio.session("j1")
        studio.round()
        noon = studio.clock.now()
        set_back(studio)
        session_at(studio, "j2", noon)
        studio.bill()
        assert len(studio.invoices("j2")) == 1

        studio.clock.at -= timedelta(hours=5)  # it is yesterday now
        look_at_clock(studio.ctx)
        session_at(studio, "j3", noon)
        studio.bill()
        assert studio.state_of("j3") == "due"
        assert "no reminders and no invoices go out" in str(said(studio))

        studio.clock.at += timedelta(hours=12)
        studio.bill()
        assert studio.invoice("j3").invoice.issued_on == date(2026, 3, 2)

    def test_a_draft_is_not_approved_on_a_day_that_is_over(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, delivery_mode=DeliveryMode.REVIEW)
        studio.session()
        studio.bill()
        set_back(studio, TO_YESTERDAY)

        assert "Nothing is dated today" in studio.approve()
        studio.clock.at += TO_YESTERDAY
        assert studio.approve().startswith("Approved INV-2026-0001")


class TestWorkThatWaitedByTheClock:
    def test_what_was_due_is_due(self, studio: Studio) -> None:
        studio.session()
        studio.bill()
        set_back(studio)

        assert EffectKind.PAY_LINK in effects_due(studio.ctx)

    def test_what_is_to_be_tried_again_is_tried_within_minutes(self, studio: Studio) -> None:
        studio.session()
        studio.bill()
        studio.gateway.line.fail("create_pay_link", TemporaryError("down", "The line is down."))
        studio.do(EffectKind.PAY_LINK)
        set_back(studio)

        assert studio.do(EffectKind.PAY_LINK) == {"done": 1}

    def test_what_is_meant_for_a_later_moment_keeps_it(self, studio: Studio) -> None:
        studio.session()
        studio.bill()
        later = (studio.clock.now() + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        with studio.ledger.engine.connect().execution_options(write=True) as connection, connection.begin():
            connection.exec_driver_sql(f"update effects set not_before = '{later}'")
        set_back(studio)

        assert effects_due(studio.ctx) == {}
        assert studio.column("select distinct not_before from effects") == [later]

    def test_a_dead_workers_lease_does_not_last_for_hours(self, studio: Studio) -> None:
        studio.autopay()
        studio.bill()
        studio.gateway.line.fail("confirm_charge", Crash(), "after")
        with suppress(Crash):
            studio.do(EffectKind.CHARGE)
        set_back(studio)

        for _ in range(4):
            studio.clock.go(minutes=6)
            studio.do(EffectKind.CHARGE)

        assert studio.gateway.captured(studio.invoice().invoice.invoice_id) == [50_000]
        assert [effect.state.value for effect in studio.effects(EffectKind.CHARGE)] == ["done"]

    def test_a_session_that_was_mended_is_read_again_within_minutes(self, studio: Studio) -> None:
        facts = studio.session("j1", client=None)
        studio.bill()
        set_back(studio)
        studio.source.put(replace(facts, client=replace(studio.session("j2").client, client_id="c-j1")))

        for _ in range(2):
            studio.round()
            studio.clock.go(minutes=6)

        assert len(studio.invoices("j1")) == 1


class TestTheWatchdog:
    EVERY = timedelta(minutes=1)

    def test_beats_of_before_are_not_late_at_once(self, studio: Studio) -> None:
        studio.session()
        studio.round()
        beat(studio.ctx, "due_work", self.EVERY)

        set_back(studio)

        assert watch(studio.ctx) == []

    def test_one_that_does_not_beat_after_it_is_late(self, studio: Studio) -> None:
        studio.session()
        studio.round()
        for name in ("due_work", "stripe_payments"):
            beat(studio.ctx, name, self.EVERY)
        set_back(studio)
        studio.clock.go(minutes=4)
        beat(studio.ctx, "due_work", self.EVERY)

        assert [one.name for one in late_heartbeats(studio.ctx)] == ["stripe_payments"]

    def test_where_nobody_has_noticed_it_nothing_is_late(self) -> None:
        now = datetime.fromisoformat("2026-03-02T02:00:00+00:00")

        assert not is_late(Heartbeat("due_work", self.EVERY, now + SEVEN_HOURS), now)


class TestAClockThatRanAhead:
    """It showed a day in 2062, and somebody has put it right."""

    @pytest.fixture
    def put_right(self, studio: Studio) -> Studio:
        studio.session()
        studio.round()
        right = studio.clock.at
        studio.clock.at = right.replace(year=2062)
        look_at_clock(studio.ctx)
        note_followed_up(studio.ctx)
        studio.clock.at = right + timedelta(days=14)
        look_at_clock(studio.ctx)
        return studio

    def test_a_person_says_so_and_all_goes_on(self, put_right: Studio) -> None:
        assert not follow_ups_are_due(put_right.ctx)

        put_right.ask("clock_is_right")

        assert said(put_right) is None
        assert follow_ups_are_due(put_right.ctx)
        assert plan_follow_ups(put_right.ctx) == {"due_today": 1}

    def test_it_is_refused_where_nothing_waits_for_it(self, studio: Studio) -> None:
        studio.session()
        studio.round()

        assert studio.ask("clock_is_right").startswith("The clock is not behind")


def test_what_a_person_lifts_again_is_the_last_word_whatever_the_clock_says(studio: Studio) -> None:
    studio.session()
    studio.round()
    invoice_id = studio.invoice().invoice.invoice_id
    lifted = []
    for by in (timedelta(), SEVEN_HOURS):
        studio.clock.at -= by
        studio.ask("pause_reminders", number=str(studio.invoice().invoice.number))
        studio.ask("resume_reminders", number=str(studio.invoice().invoice.number))
        with studio.ledger.read() as uow:
            lifted.append(uow.pauses.resumed_at(invoice_id))

    assert lifted == [datetime.fromisoformat("2026-03-02T09:00:00+00:00"), studio.clock.now()]


def test_the_newest_page_is_the_one_that_was_made_last(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.clock.at -= SEVEN_HOURS
    studio.ask("credit", number=str(studio.invoice().invoice.number), amount_minor=1_000)
    studio.do(EffectKind.PAY_LINK)

    with studio.ledger.read() as uow:
        link = uow.pay_links.newest_open(studio.invoice().invoice.invoice_id)
    assert link is not None
    assert studio.gateway.links[link.link_id]["amount"].minor == 49_000


def test_the_owner_hears_of_it_once_a_day(studio: Studio) -> None:
    studio.policy = replace(studio.policy, owner_email="owner@example.com")
    studio.session()
    studio.round()
    set_back(studio)
    look_at_clock(studio.ctx)

    alerts = [effect for effect in studio.effects(EffectKind.MAIL) if effect.purpose == "owner_alert"]
    assert [alert.text("title") for alert in alerts] == ["The machine's clock went back"]
