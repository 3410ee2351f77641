"""What the booking system does not show us: done without, said once, and taken back when it is shown again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from studio import Studio

from billing.domain.errors import NeedsAttention, NoRight, RefusedAccess, TemporaryError
from billing.domain.policy import JobFilter
from billing.services.intake.observe_sessions import observe_jobs, shared_records
from billing.services.reconcile import GALLERIES, VSCO, reconcile

SAID = ("vsco/tax-rate", "not_shown")
NO_RIGHT = NoRight("vsco_forbidden", "The key may not do this (403).")


def test_what_only_refines_is_done_without_said_once_and_closed_when_it_is_shown_again(studio: Studio) -> None:
    studio.source.refused["tax-rate"] = "No tax rates (403)."
    for job in ("j1", "j2"):
        studio.session(job)
        studio.round()

    assert [studio.state_of(job) for job in ("j1", "j2")] == ["billed", "billed"]
    assert studio.open_items() == {SAID: "No tax rates (403)."}
    assert studio.source.line.calls.count("shared") == 1

    del studio.source.refused["tax-rate"]
    studio.clock.go(hours=1, minutes=1)
    studio.round()

    assert studio.open_items() == {}


@pytest.mark.parametrize(
    ("kind", "jobs"),
    [("brand", JobFilter(brands=("North",))), ("custom-field", JobFilter(custom_field="Bill=yes"))],
)
def test_what_says_which_jobs_are_billed_is_never_done_without(studio: Studio, kind: str, jobs: JobFilter) -> None:
    studio.policy = replace(studio.policy, jobs=jobs)
    studio.source.refused[kind] = "Not shown (403)."
    studio.session()

    for _ in range(2):
        with pytest.raises(NeedsAttention, match=r"or the setting is emptied\. Not shown \(403\)"):
            observe_jobs(studio.ctx)

    assert studio.state_of() == "unseen"


def test_a_booking_system_that_does_not_answer_leaves_the_shared_records_as_they_were(studio: Studio) -> None:
    known = shared_records(studio.ctx)
    studio.tomorrow()
    studio.source.line.fail("shared", TemporaryError("vsco_unavailable", "Down."))

    assert shared_records(studio.ctx) == known
    shared_records(studio.ctx)
    assert studio.source.line.calls.count("shared") == 3


def test_shared_records_that_were_never_read_are_waited_for(studio: Studio) -> None:
    studio.source.line.fail("shared", TemporaryError("vsco_unavailable", "Down."))

    with pytest.raises(TemporaryError):
        shared_records(studio.ctx)


def test_the_day_that_an_older_version_kept_for_them_is_over(studio: Studio) -> None:
    shared_records(studio.ctx)
    with studio.ledger.write() as uow:
        uow.records.move_cursor("vsco:shared", studio.ctx.today().isoformat(), studio.clock.now())

    shared_records(studio.ctx)

    assert studio.source.line.calls.count("shared") == 2


def test_galleries_that_are_not_shown_do_not_stop_the_bill_and_known_ones_stay_known(studio: Studio) -> None:
    studio.with_gallery()
    studio.observe()
    studio.source.refused["gallery"] = "No galleries (403)."
    studio.clock.go(minutes=10)
    studio.session("j2")
    studio.round()
    studio.pay_on_page()
    studio.round()

    assert studio.host.opened == ["g-j1"]
    assert studio.state_of("j2") == "billed"
    assert studio.open_items() == {("vsco/gallery", "not_shown"): "No galleries (403)."}

    studio.source.refused.clear()
    studio.session("j3")
    studio.round()

    assert studio.codes() == []


def test_one_job_that_the_key_may_not_read_is_set_aside_by_itself(studio: Studio) -> None:
    studio.session("j1")
    studio.session("j2")
    studio.source.line.fail("related:j1", NO_RIGHT)
    studio.round()

    assert [studio.state_of(job) for job in ("j1", "j2")] == ["attention", "billed"]
    assert studio.open_items() == {("vsco:j1", "session_not_read"): NO_RIGHT.sentence}


def test_a_key_that_may_read_no_job_is_said_once_and_sets_none_aside(studio: Studio) -> None:
    for job in ("j1", "j2", "j3"):
        studio.session(job)
        studio.source.line.fail(f"related:{job}", NO_RIGHT, times=2)
    studio.round()
    studio.round()

    assert [studio.state_of(job) for job in ("j1", "j2", "j3")] == ["due", "due", "due"]
    assert studio.open_items() == {("vsco/job", "not_shown"): NO_RIGHT.sentence}

    studio.round()

    assert [studio.state_of(job) for job in ("j1", "j2", "j3")] == ["billed", "billed", "billed"]
    assert studio.codes() == []


def test_a_key_that_opens_nothing_sets_no_session_aside(studio: Studio) -> None:
    refused = RefusedAccess("vsco_unauthorized", "The key is refused.")
    for job in ("j1", "j2", "j3"):
        studio.session(job)
    studio.source.line.fail("related:j2", refused)
    with pytest.raises(RefusedAccess):
        studio.observe()

    assert studio.codes() == []
    assert [studio.state_of(job) for job in ("j1", "j2", "j3")] == ["due", "due", "due"]
    assert studio.column("select job_id from sessions where records_fetched_at is not null") == ["j1"]


def test_galleries_that_the_key_may_not_look_at_are_one_difference(studio: Studio) -> None:
    for job in ("j1", "j2"):
        studio.with_gallery(job)
    studio.round()
    for job in ("j1", "j2"):
        studio.host.line.fail(f"is_open:g-{job}", NO_RIGHT)

    done = reconcile(studio.ctx, GALLERIES)

    assert [(one.subject_id, one.cause) for one in done.differences] == [("vsco", "not_shown")]


def test_a_right_that_the_comparison_lacks_is_one_difference_however_many_jobs(studio: Studio) -> None:
    for job in ("j1", "j2", "j3"):
        studio.session(job)
    studio.round()
    for job in ("j1", "j2", "j3"):
        studio.source.line.fail(f"written_payments:{job}", NO_RIGHT)

    done = reconcile(studio.ctx, VSCO)

    assert [(one.subject_id, one.cause) for one in done.differences] == [("vsco", "not_shown")]
    assert reconcile(studio.ctx, VSCO).is_clean
    assert studio.codes() == []
