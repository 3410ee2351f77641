"""The day that a session had where it was, and when it is over: what is printed, and what is billed from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from studio import Studio

from billing.domain.policy import Trigger
from billing.domain.sessions import Stage
from billing.services.intake.observe_sessions import observe_jobs


@pytest.mark.parametrize(
    ("known", "day"),
    [
        ({"session_on": date(2026, 3, 1)}, date(2026, 3, 1)),  # in Tokyo, where it was
        ({}, date(2026, 2, 28)),  # only the moment is known: by the studio's clock
        ({"session_starts_at": None}, date(2026, 3, 1)),  # the day on which the job was fulfilled
    ],
)
def test_the_day_on_paper_is_the_one_that_the_session_had_where_it_was(
    studio: Studio, known: dict[str, Any], day: date
) -> None:
    studio.policy = replace(studio.policy, time_zone="America/Los_Angeles")
    studio.session(**{"session_starts_at": datetime(2026, 2, 28, 22, tzinfo=UTC), **known})
    studio.round()

    assert studio.invoice().invoice.session.session_on == day
    assert studio.column("select session_on from invoices") == [day.isoformat()]


class TestSessionEnded:
    """Nothing outside says that a session has ended: we wait for its end, and read it again."""

    @pytest.fixture
    def waiting(self, studio: Studio) -> Studio:
        studio.policy = replace(studio.policy, trigger=Trigger.SESSION_ENDED)
        self.plan(studio, studio.clock.now() + timedelta(hours=3))
        studio.observe()
        return studio

    def plan(self, studio: Studio, ends_at: datetime | None, **job: Any) -> None:
        studio.session(session_ends_at=ends_at, job={"stage": Stage.BOOKED, **job})

    def test_it_is_billed_after_its_end_and_the_grace(self, waiting: Studio) -> None:
        waiting.clock.go(hours=4)
        waiting.observe()
        assert waiting.state_of() == "expected"
        waiting.clock.go(hours=2)
        waiting.round()
        assert waiting.state_of() == "billed"

    def test_one_that_was_moved_meanwhile_goes_on_waiting(self, waiting: Studio) -> None:
        self.plan(waiting, waiting.clock.now() + timedelta(days=9))
        waiting.clock.go(hours=9)
        waiting.round()
        assert waiting.state_of() == "expected"

    def test_it_is_not_read_again_at_every_look(self, waiting: Studio) -> None:
        for _ in range(5):
            waiting.observe()
        assert waiting.source.line.calls.count("related:j1") == 1

    def test_a_job_closed_before_its_session_is_left_out(self, waiting: Studio) -> None:
        self.plan(waiting, waiting.clock.now() + timedelta(hours=3), closed=True)
        waiting.clock.go(hours=9)
        waiting.round()
        assert waiting.state_of() == "excluded"

    def test_a_session_without_an_end_waits(self, waiting: Studio) -> None:
        self.plan(waiting, None)
        waiting.clock.go(hours=9)
        waiting.round()
        assert waiting.state_of() == "expected"

    def test_one_that_lasts_all_day_is_billed_when_its_day_is_over(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, trigger=Trigger.SESSION_ENDED, time_zone="America/Los_Angeles")
        day = {"session_on": date(2026, 3, 2), "session_ends_on": date(2026, 3, 2)}
        studio.session(job={"stage": Stage.BOOKED}, **day)
        studio.clock.at = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)  # an hour and a half after its last midnight
        studio.round()
        assert studio.state_of() == "expected"
        studio.clock.go(hours=2)
        studio.round()
        assert studio.state_of() == "billed"
        assert studio.column("select completed_on from sessions") == ["2026-03-02"]

    def test_one_that_cannot_be_read_stops_no_other(self, waiting: Studio) -> None:
        waiting.session("j2", session_ends_at=waiting.clock.now(), job={"stage": Stage.BOOKED})
        waiting.observe()
        waiting.source.spoil("j1")
        waiting.clock.go(hours=9)
        waiting.round()
        assert [waiting.state_of("j1"), waiting.state_of("j2")] == ["expected", "billed"]
        assert waiting.codes() == ["malformed_record"]

        self.plan(waiting, waiting.clock.now() - timedelta(hours=8))
        waiting.clock.go(hours=2)
        waiting.round()
        assert waiting.state_of("j1") == "billed"
        assert waiting.codes() == []

    def test_a_lead_and_a_job_without_a_session_are_not_expected(self, studio: Studio) -> None:
        studio.policy = replace(studio.policy, trigger=Trigger.SESSION_ENDED)
        studio.session("lead", job={"stage": Stage.LEAD})
        studio.session("none", job={"stage": Stage.BOOKED, "session_id": None})
        studio.session("over", job={"stage": Stage.COMPLETED, "closed": True})
        observe_jobs(studio.ctx)
        assert [studio.state_of(job) for job in ("lead", "none", "over")] == ["unseen", "unseen", "expected"]
