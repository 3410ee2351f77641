"""What last did its work when, and who is told of what is late: at three intervals, once a day, and not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from studio import Studio

from billing.domain.effects import EffectKind
from billing.services.safety.watchdog import beat, late_heartbeats, watch

EVERY = timedelta(minutes=5)


@pytest.fixture
def beating(studio: Studio) -> Studio:
    studio.policy = replace(studio.policy, owner_email="owner@northlight.example")
    for name in ("completed_sessions", "due_work"):
        beat(studio.ctx, name, EVERY)
    return studio


def late(studio: Studio) -> list[str]:
    return [one.name for one in late_heartbeats(studio.ctx)]


def test_late_is_more_than_three_intervals(beating: Studio) -> None:
    beating.clock.go(minutes=10)
    beat(beating.ctx, "due_work", EVERY)
    beating.clock.go(minutes=5)
    assert late(beating) == []

    beating.clock.go(seconds=1)
    assert late(beating) == ["completed_sessions"]


def test_a_beat_is_one_commit_a_minute_at_most(studio: Studio) -> None:
    kept = []
    for _ in range(24):
        kept.append(beat(studio.ctx, "due_work", timedelta(seconds=5)))
        studio.clock.go(seconds=5)

    assert kept == [True, *[False] * 11, True, *[False] * 11]


def test_an_interval_below_a_minute_counts_as_one_because_it_is_kept_once_a_minute(studio: Studio) -> None:
    beat(studio.ctx, "due_work", timedelta(seconds=5))
    studio.clock.go(minutes=3)

    assert late(studio) == []


def test_the_owner_is_told_once_a_day_and_the_item_ends_by_itself(beating: Studio) -> None:
    beating.clock.go(minutes=16)
    for _ in range(3):
        assert len(watch(beating.ctx)) == 2
        beating.do(EffectKind.MAIL)
    assert [mail.letter.subject for mail in beating.mailer.sent] == ["OwnerAlert Studio Billing stands still"]
    assert beating.codes() == ["late", "late"]
    told = beating.mailer.sent[0].letter.text
    assert "Since 10:00 on 2 March 2026 no finished session has been noticed, so no new invoice is made." in told
    assert told.index("technical=") < told.index("completed_sessions last did its work on 2026-03-02 at 09:00 UTC")

    for name in ("completed_sessions", "due_work"):
        beat(beating.ctx, name, EVERY)
    assert watch(beating.ctx) == []
    assert beating.codes() == []


def test_the_owner_is_told_again_of_what_stands_still_on_another_day(beating: Studio) -> None:
    beating.clock.go(minutes=16)
    watch(beating.ctx)
    beating.clock.go(days=1)
    for _ in range(2):
        watch(beating.ctx)
    beating.do(EffectKind.MAIL)

    assert len(beating.mailer.sent) == 2


def test_a_sensor_that_was_renamed_alarms_nobody(beating: Studio) -> None:
    beat(beating.ctx, "finished_sessions", EVERY)
    beating.clock.go(minutes=10)
    for name in ("completed_sessions", "due_work"):
        beat(beating.ctx, name, EVERY)
    beating.clock.go(minutes=10)

    assert watch(beating.ctx) == []


def test_a_job_that_runs_when_there_is_work_has_no_deadline(studio: Studio) -> None:
    beat(studio.ctx, "job:apply_stripe_events")
    studio.clock.go(days=30)

    assert late(studio) == []


def test_nothing_is_late_where_nothing_ever_ran(studio: Studio) -> None:
    assert watch(studio.ctx) == []


def test_without_an_owners_address_it_is_shown_all_the_same(beating: Studio) -> None:
    beating.policy = replace(beating.policy, owner_email="")
    beating.clock.go(minutes=16)
    watch(beating.ctx)

    assert beating.codes() == ["late", "late"]
    assert beating.effects(EffectKind.MAIL) == []


def test_a_clock_set_back_does_not_stop_the_beats(studio: Studio) -> None:
    beat(studio.ctx, "due_work", EVERY)
    studio.clock.go(hours=-5)

    assert beat(studio.ctx, "due_work", EVERY)
