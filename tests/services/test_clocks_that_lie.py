"""Clocks that jump, days of 23 and 25 hours, and a booking system with a clock of its own: each thing is done once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fakes import Crash
from studio import Studio

from billing.domain.effects import EffectKind
from billing.services.collections.follow_up import plan_follow_ups

BERLIN = ZoneInfo("Europe/Berlin")
JUMPS = [timedelta(days=-2), timedelta(hours=-3), timedelta(hours=3), timedelta(days=2)]


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_clock_that_jumps_while_a_charge_is_under_way_charges_once(studio: Studio, jump: timedelta) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", Crash(), "after")
    with pytest.raises(Crash):
        studio.do(EffectKind.CHARGE)
    studio.clock.at += jump

    for _ in range(8):
        studio.round()
        studio.clock.go(hours=8)

    assert studio.gateway.captured(studio.invoice().invoice.invoice_id) == [50_000]
    assert [effect.state.value for effect in studio.effects(EffectKind.CHARGE)] == ["done"]
    assert studio.column("select count(*) from payments") == [1]
    assert studio.mailer.subjects() == sorted(set(studio.mailer.subjects()))


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)], ids=["23 hours", "25 hours"])
def test_on_the_days_when_the_clocks_change_everybody_is_reminded_once(studio: Studio, day: date) -> None:
    studio.clock.at = datetime.combine(day - timedelta(days=7), datetime.min.time(), UTC).replace(hour=10)
    studio.session()
    studio.round()  # due in a fortnight: the first reminder is of the day of the change
    studio.mailer.sent.clear()
    studio.clock.at = datetime.combine(day, datetime.min.time(), BERLIN).astimezone(UTC) - timedelta(hours=3)
    sent_at = []

    for _ in range(62):  # half-hours, from three hours before the day to three after it
        plan_follow_ups(studio.ctx)
        studio.do(EffectKind.MAIL)
        sent_at += [studio.clock.now()] * (len(studio.mailer.sent) - len(sent_at))
        studio.clock.go(minutes=30)

    assert [mail.letter.subject.split()[-1] for mail in studio.mailer.sent] == ["upcoming"]
    assert [at.astimezone(BERLIN).date() for at in sent_at] == [day]


@pytest.mark.parametrize("skew", [timedelta(hours=-5), timedelta(hours=5)], ids=["behind", "ahead"])
def test_a_job_that_the_booking_system_dates_otherwise_is_billed_once(studio: Studio, skew: timedelta) -> None:
    facts = studio.session("j1")
    studio.source.put(facts, studio.clock.now() + skew)
    studio.round()
    for number in range(2, 5):
        studio.clock.go(minutes=20)
        facts = studio.session(f"j{number}")
        studio.source.put(facts, studio.clock.now() + skew)
        studio.round()
    studio.source.put(facts, studio.clock.now() + skew)  # edited again, in nothing that is billed
    studio.round()

    assert [len(studio.invoices(f"j{number}")) for number in range(1, 5)] == [1, 1, 1, 1]


def test_a_session_that_is_told_twice_or_gone_is_one_invoice(studio: Studio) -> None:
    studio.session()
    studio.source.jobs["the same again"] = studio.source.jobs["j1"]  # as a page that shifted while it was read
    studio.round()
    studio.source.jobs.pop("the same again")
    job = studio.source.jobs.pop("j1")  # taken off the list
    studio.clock.go(hours=1)
    studio.round()
    studio.source.jobs["j1"] = job
    studio.clock.go(hours=1)
    studio.round()

    assert len(studio.invoices()) == 1
    assert len(studio.mailer.sent) == 1
