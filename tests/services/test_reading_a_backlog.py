"""A backlog of any size: each session is kept as it is read, the oldest first, and no run's work is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from fakes import Crash
from studio import Studio

from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.policy import DailyLimits, Trigger
from billing.domain.sessions import Stage
from billing.ports.outside import RawRecord
from billing.services.intake.observe_sessions import (
    ATTENTION_READ_AT_MOST,
    fetch_session_records,
    observe_jobs,
    sessions_to_fetch,
)
from billing.services.invoicing.issue_invoices import bill_due_sessions

JOBS = [f"j{number:02d}" for number in range(10)]


@pytest.fixture
def backlog(studio: Studio) -> Studio:
    """Ten sessions; the booking system lists those first that were changed last, which says nothing of their days."""
    for number, job in enumerate(JOBS):
        studio.clock.go(minutes=1)
        studio.session(job, job={"fulfilled_on": date(2026, 2, 20) - timedelta(days=number)})
    observe_jobs(studio.ctx)
    return studio


def read(studio: Studio) -> list[str]:
    """Jobs whose records are in the ledger, in the order of their reading."""
    return studio.column("select job_id from record_links where kind = 'order' order by linked_from")


def asked(studio: Studio) -> list[str]:
    return [call.removeprefix("related:") for call in studio.source.line.calls if call.startswith("related:")]


OLDEST_FIRST = JOBS[::-1]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_run_that_is_killed_midway_keeps_what_it_has_read(backlog: Studio, concurrency: int) -> None:
    backlog.concurrency = concurrency
    backlog.source.line.fail(f"related:{OLDEST_FIRST[6]}", Crash())
    with pytest.raises(Crash):
        fetch_session_records(backlog.ctx)
    kept = read(backlog)
    assert kept == OLDEST_FIRST[:6]

    fetch_session_records(backlog.ctx)

    assert read(backlog) == OLDEST_FIRST
    assert all(asked(backlog).count(job) == 1 for job in kept)


def test_what_was_read_is_kept_before_much_more_is_asked_for(backlog: Studio) -> None:
    backlog.concurrency = 3
    ahead: list[int] = []

    fetch_session_records(backlog.ctx, progress=lambda done, _of: ahead.append(len(asked(backlog)) - done))

    assert max(ahead) < backlog.concurrency
    assert len(ahead) == len(JOBS)


def test_runs_that_each_end_at_their_limit_bill_the_whole_backlog_oldest_first(backlog: Studio) -> None:
    for _ in range(4):
        fetch_session_records(backlog.ctx, limit=3)
        bill_due_sessions(backlog.ctx)

    billed = backlog.column("select session_id from invoices order by sequence")
    assert billed == [f"vsco:{job}" for job in OLDEST_FIRST]
    assert all(asked(backlog).count(job) == 1 for job in JOBS)


def test_how_far_it_is_is_told(backlog: Studio) -> None:
    seen: list[tuple[int, int]] = []

    fetch_session_records(backlog.ctx, progress=lambda done, of: seen.append((done, of)))

    assert seen == [(done, 10) for done in range(1, 11)]


def test_those_that_do_not_answer_keep_none_of_the_others_waiting(backlog: Studio) -> None:
    for job in OLDEST_FIRST[:3]:
        backlog.source.line.fail(f"related:{job}", TemporaryError("vsco_unavailable", "Down."), times=9)
    for _ in range(4):
        backlog.clock.go(minutes=1)
        fetch_session_records(backlog.ctx, limit=3)

    assert sorted(read(backlog)) == sorted(JOBS[:7])


def test_a_backlog_of_one_kind_keeps_no_other_waiting(studio: Studio) -> None:
    studio.policy = replace(studio.policy, trigger=Trigger.SESSION_ENDED)
    later = studio.clock.now() + timedelta(days=30)
    studio.session("soon", session_ends_at=later, job={"stage": Stage.BOOKED})
    observe_jobs(studio.ctx)
    studio.policy = replace(studio.policy, trigger=Trigger.FULFILLMENT)
    for job in JOBS:
        studio.session(job)
    observe_jobs(studio.ctx)

    fetch_session_records(studio.ctx, limit=2)

    assert "soon" in asked(studio)


def test_hundreds_that_wait_for_somebody_do_not_keep_the_line_busy(studio: Studio) -> None:
    for number in range(ATTENTION_READ_AT_MOST + 20):
        studio.session(f"j{number}")
        studio.source.line.fail(f"related:j{number}", PermanentError("vsco_refused", "Refused."), times=9)
    studio.observe()
    assert len(studio.codes()) == ATTENTION_READ_AT_MOST + 20

    studio.clock.go(minutes=6)
    first = {row.session_id for row in sessions_to_fetch(studio.ctx)}
    fetch_session_records(studio.ctx)
    again = sessions_to_fetch(studio.ctx)
    studio.clock.go(minutes=6)
    then = {row.session_id for row in sessions_to_fetch(studio.ctx)}

    assert (len(first), again) == (ATTENTION_READ_AT_MOST, [])
    assert len(first | then) == ATTENTION_READ_AT_MOST + 20


def test_that_the_day_has_not_room_for_all_is_said_at_once(backlog: Studio) -> None:
    """The run is killed before it comes to the limit; the sentence is there all the same, and true."""
    backlog.policy = replace(backlog.policy, limits=DailyLimits(invoices=6))
    fetch_session_records(backlog.ctx)
    backlog.clock.go(minutes=6)  # so that each is read again right before it is billed
    backlog.source.line.fail(f"related:{OLDEST_FIRST[2]}", Crash())
    with pytest.raises(Crash):
        bill_due_sessions(backlog.ctx)

    assert "leaves room for 6 more today and 10 sessions wait" in backlog.open_items()["limits", "limit_invoices"]

    billed = bill_due_sessions(backlog.ctx)

    assert len(billed.finalized) == 4
    assert "is reached and 4 sessions wait" in backlog.open_items()["limits", "limit_invoices"]

    backlog.tomorrow()
    assert len(backlog.bill().finalized) == 4
    assert backlog.codes() == []


class TestALongListOfJobs:
    """Two jobs a page here, newest first; the watermark moves when all of it was read."""

    @pytest.fixture
    def long(self, studio: Studio) -> Studio:
        for number in range(60):
            studio.clock.go(minutes=1)
            studio.session(f"j{number:02d}", job={"stage": Stage.BOOKED})
        return studio

    def seen(self, studio: Studio) -> int:
        return int(studio.column("select count(distinct source_id) from source_records where kind = 'job'")[0])

    def watermarks(self, studio: Studio) -> list[str]:
        return studio.column("select value from cursors where name = 'vsco:jobs'")

    def fail_from_page(self, studio: Studio, page: int, error: BaseException) -> None:
        """The first pages come, and from this one on none does, in this reading and those after it."""
        real, calls = studio.source.changed_jobs, count(1)

        def breaking(*arguments: Any) -> Iterator[list[RawRecord]]:
            for found in real(*arguments):
                if next(calls) >= page:
                    raise error
                yield found

        studio.source.changed_jobs = breaking  # type: ignore[method-assign]

    def mend(self, studio: Studio) -> None:
        del studio.source.changed_jobs

    def test_is_read_on_from_where_a_killed_run_had_come_to(self, long: Studio) -> None:
        self.fail_from_page(long, 26, Crash())
        with pytest.raises(Crash):
            observe_jobs(long.ctx, go_on=True)
        assert (self.seen(long), self.watermarks(long)) == (50, [])
        self.mend(long)

        after = observe_jobs(long.ctx, go_on=True)

        assert (after.complete, self.seen(long)) == (True, 60)
        assert after.jobs_read == 21  # five pages were not noted yet, and the page that it had come to is read again
        assert observe_jobs(long.ctx).jobs_read <= 12  # what is newer than the watermark less the overlap

    def test_is_read_to_its_end_by_runs_that_each_read_a_part(self, long: Studio) -> None:
        for _ in range(3):
            assert not observe_jobs(long.ctx, 9, go_on=True).complete
            assert observe_jobs(long.ctx, 2).complete is False  # a sensor's look at the top takes nothing back
        assert observe_jobs(long.ctx, 9, go_on=True).complete
        assert self.seen(long) == 60

        long.session("new", job={"stage": Stage.BOOKED})
        assert observe_jobs(long.ctx, go_on=True).complete
        assert self.seen(long) == 61

    def test_what_changed_meanwhile_is_not_missed(self, long: Studio) -> None:
        observe_jobs(long.ctx, 9, go_on=True)
        long.clock.go(minutes=30)
        long.session("j05")
        observe_jobs(long.ctx, go_on=True)

        observe_jobs(long.ctx, go_on=True)

        assert long.state_of("j05") == "due"

    def test_that_breaks_off_takes_back_nothing_and_stops_no_billing(self, long: Studio) -> None:
        long.session("j59")
        self.fail_from_page(long, 4, TemporaryError("vsco_unavailable", "Page 4 does not come."))
        seen = observe_jobs(long.ctx, go_on=True)
        assert (seen.complete, seen.trouble) == (False, "Page 4 does not come.")
        assert long.codes() == []

        assert observe_jobs(long.ctx, go_on=True).jobs_read == 0
        [((subject, _), sentence)] = long.open_items().items()
        assert (subject, sentence.endswith("Page 4 does not come.")) == ("vsco/job-list", True)

        self.mend(long)
        assert observe_jobs(long.ctx, go_on=True).complete
        assert long.codes() == []
        assert self.seen(long) == 60
