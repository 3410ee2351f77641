"""Why a run failed, as a cause that the owner knows; what Dagster said of it stays apart."""

from __future__ import annotations

import dagster as dg
import pytest
from acting_studio import Studio

from billing.services.safety.troubles import Cause, Trouble
from pipelines.definitions import definitions
from sensors.failures import troubles_of_run

pytestmark = pytest.mark.dagster

JOB = "bill_completed_sessions"
TIMED_OUT = "Run timed out due to taking longer than 120 seconds to start."
TOO_LONG = "Exceeded maximum runtime of 900 seconds."


def a_run(studio: Studio, status: dg.DagsterRunStatus) -> dg.DagsterRun:
    return studio.instance.create_run_for_job(definitions().resolve_job_def(JOB), status=status)


def test_a_run_that_never_began_reaches_the_owner_without_a_word_of_dagster(studio: Studio) -> None:
    run = a_run(studio, dg.DagsterRunStatus.STARTING)
    studio.instance.report_run_failed(run, TIMED_OUT)

    assert troubles_of_run(studio.instance, run.run_id) == [Trouble(Cause.NOT_STARTED, TIMED_OUT)]

    studio.look("due_work")
    studio.run(JOB, "deliveries")
    mails = dict(studio.mails_to("owner@northlight.example"))  # in the morning what waits is told, too
    told = mails["Studio Billing: Billing stopped before it was done"]
    plain, _, technical = told.partition("For whoever looks after the installation:")
    assert "It could not begin in time" in plain
    for word in ("Run", "timed out", "bill_completed_sessions", "120"):
        assert word not in plain
    assert TIMED_OUT in technical


def test_a_run_that_took_too_long_was_ended(studio: Studio) -> None:
    run = a_run(studio, dg.DagsterRunStatus.STARTED)
    studio.instance.report_run_canceling(run, "Canceling due to exceeding maximum runtime of 900 seconds.")
    studio.instance.report_run_failed(run, TOO_LONG)

    assert troubles_of_run(studio.instance, run.run_id) == [Trouble(Cause.TOO_LONG, TOO_LONG)]


def test_a_step_that_was_refused_has_the_cause_of_its_error_and_whom_we_had_asked(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("BILLING_VSCO_URL", "http://127.0.0.1:9/vsco/api/v2")
        failed = studio.run(JOB)

    [trouble] = troubles_of_run(studio.instance, failed.run_id)
    assert (trouble.cause, trouble.system) == (Cause.UNANSWERED, "VSCO Workspace")
    assert trouble.technical.startswith("completed_sessions: ")


def test_of_an_unforeseen_error_only_its_kind_is_told_and_not_to_the_owner(studio: Studio) -> None:
    @dg.op
    def breaks() -> None:
        raise ZeroDivisionError("anna@example.com")

    @dg.job
    def broken() -> None:
        breaks()

    failed = broken.execute_in_process(instance=studio.instance, raise_on_error=False)

    assert troubles_of_run(studio.instance, failed.run_id) == [Trouble(Cause.UNFORESEEN, "breaks: ZeroDivisionError.")]
