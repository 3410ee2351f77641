"""Why a run failed, and telling the owner of it: at once by one sensor, and for certain by another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from billing.domain.storage import refusal
from billing.services.context import Context
from billing.services.safety.alert_owner import alert_run_failed, run_succeeded
from billing.services.safety.troubles import Cause, Trouble
from pipelines.resources import CAUSE, SYSTEM
from sensors.lost_runs import LOST

_RUNS_A_LOOK = 20
_LOOKED_BACK_SECONDS = 600


def troubles_of_run(instance: dg.DagsterInstance, run_id: str) -> list[Trouble]:
    """One for each step that failed. Of an unforeseen error no more than what the machine refused, if it is that, or
    its kind: its text may hold anything.

    Where no step failed, what became of the whole run.
    """
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    steps = list(dict.fromkeys(trouble for record in records for trouble in _of_step(record.event_log_entry)))
    return steps or _of_the_run(instance, run_id)


def tell_of_run(ctx: Context, instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Tell the owner of one failed run; telling twice is telling once."""
    return alert_run_failed(ctx, run.job_name, run.run_id, troubles_of_run(instance, run.run_id))


def tell_of_new_failures(ctx: Context, instance: dg.DagsterInstance, since: float) -> float:
    """Tell of runs that failed since then, whoever has told of them before; returns up to when all is told."""
    if since > time.time():  # the clock was set back just now; what failed since then is told of, too
        since = time.time() - _LOOKED_BACK_SECONDS
    after = datetime.fromtimestamp(since, UTC) if since else None
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=after)
    until = since
    for record in instance.get_run_records(failed, limit=_RUNS_A_LOOK):
        tell_of_run(ctx, instance, record.dagster_run)
        until = max(until, record.update_timestamp.timestamp())
    return until


def end_mended_failures(ctx: Context, instance: dg.DagsterInstance) -> None:
    """A job whose newest run succeeded needs nobody's attention any more."""
    with ctx.ledger.read() as uow:
        shown = [item.subject_id for item in uow.tasks.open_tasks() if item.code == "run_failed"]
    for subject in shown:
        job = subject.partition(":")[2]
        newest = instance.get_run_records(dg.RunsFilter(job_name=job), limit=1)
        if newest and newest[0].dagster_run.status is dg.DagsterRunStatus.SUCCESS:
            run_succeeded(ctx, job)


def _of_the_run(instance: dg.DagsterInstance, run_id: str) -> list[Trouble]:
    """By what it went through, not by Dagster's words for it, which are the technical part."""
    said = _events(instance, run_id, dg.DagsterEventType.RUN_FAILURE)
    technical = next((event.message for event in reversed(said) if event.message), None)
    if technical is None:
        return []
    if technical == LOST:
        return [Trouble(Cause.KILLED, technical)]
    if _events(instance, run_id, dg.DagsterEventType.RUN_CANCELING):
        return [Trouble(Cause.TOO_LONG, technical)]
    has_begun = _events(instance, run_id, dg.DagsterEventType.RUN_START)
    return [Trouble(Cause.UNFORESEEN if has_begun else Cause.NOT_STARTED, technical)]


def _events(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    records = instance.get_records_for_run(run_id, of_type=kind).records
    return [event for record in records if (event := record.event_log_entry.dagster_event)]


def _of_step(entry: dg.EventLogEntry) -> Iterator[Trouble]:
    event = entry.dagster_event
    if event is None:
        return
    failure = event.step_failure_data
    told, error = failure.user_failure_data, failure.error
    if told and told.description:
        facts = {name: str(value.value) for name, value in told.metadata.items()}
        cause = facts.get(CAUSE, Cause.UNFORESEEN)
        yield Trouble(Cause(cause), f"{event.step_key}: {told.description}", facts.get(SYSTEM, ""))
    elif error and error.cls_name == "DagsterAssetCheckFailedError":
        yield Trouble(Cause.BOOKS, f"{event.step_key}: a check of the books failed; nothing after it was done.")
    else:
        yield _of_error(event.step_key, error)


def _of_error(step: str | None, error: Any) -> Trouble:
    """Dagster's own error comes first, and under it, as its cause, what the step raised."""
    while error and error.cause and not refusal(error.message):
        error = error.cause
    if known := refusal(error.message) if error else None:
        return Trouble(Cause.MACHINE, f"{step}: {known.reason}. {known.advice}")
    return Trouble(Cause.UNFORESEEN, f"{step}: {error.cls_name if error else 'an unforeseen error'}.")
