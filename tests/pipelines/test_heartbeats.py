"""Each sensor keeps its heartbeat under its own name, and what is held is said where nothing is started."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import pytest
from acting_studio import Studio

from billing.services.safety.holds import hold_at_once
from billing.services.safety.watchdog import WATCHED
from pipelines.definitions import definitions
from pipelines.resources import standing
from sensors.heartbeats import beat_and_watch
from sensors.launching import Memory

pytestmark = pytest.mark.dagster


def beats() -> dict[str, timedelta]:
    with standing.ctx().ledger.read() as uow:
        return {one.name: one.every for one in uow.operations.heartbeats()}


def test_the_watchdog_knows_every_sensor_that_looks_by_itself() -> None:
    sensors = definitions().sensors or []
    looking = {sensor.name for sensor in sensors if not isinstance(sensor, dg.RunStatusSensorDefinition)}

    assert looking == set(WATCHED)


def test_a_look_that_succeeds_beats_and_one_that_fails_does_not(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("BILLING_VSCO_URL", "http://127.0.0.1:9/vsco/api/v2")
        studio.look("completed_sessions")
    assert "completed_sessions" not in beats()

    for name in WATCHED:
        studio.look(name)

    assert set(WATCHED) <= set(beats())
    assert all(beats()[name] >= timedelta(minutes=1) for name in WATCHED)


def test_a_job_that_succeeded_is_noted_with_the_next_look(studio: Studio) -> None:
    studio.run("refresh_warehouse")
    studio.look("due_work")

    assert beats()["job:refresh_warehouse"] == timedelta(0)


def test_a_sensor_that_stands_still_is_told_of_by_the_one_that_looks_most_often(studio: Studio) -> None:
    ctx = standing.ctx()
    with ctx.ledger.write() as uow:
        uow.operations.beat("completed_sessions", timedelta(minutes=1), ctx.now() - timedelta(hours=1))
    memory = Memory()

    for _ in range(2):
        beat_and_watch(ctx, studio.instance, memory, "due_work")

    with ctx.ledger.read() as uow:
        assert ("watchdog:completed_sessions", "late") in {(i.subject_id, i.code) for i in uow.tasks.open_tasks()}


def test_after_a_standstill_the_others_are_given_time_to_come_back(studio: Studio) -> None:
    ctx = standing.ctx()
    with ctx.ledger.write() as uow:
        for name in ("completed_sessions", "due_work"):
            uow.operations.beat(name, timedelta(minutes=1), ctx.now() - timedelta(hours=1))

    memory = Memory()
    beat_and_watch(ctx, studio.instance, memory, "due_work")

    assert memory.back_since > 0
    with ctx.ledger.read() as uow:
        assert "late" not in {item.code for item in uow.tasks.open_tasks()}


def test_under_a_hold_nothing_is_started_for_what_waits_and_the_reason_is_said(studio: Studio) -> None:
    studio.complete_all()
    studio.run("bill_completed_sessions", "completed_sessions", "session_records", "decisions")
    ctx = standing.ctx()
    hold_at_once(ctx.ledger, "Ada Lovelace complained", "olga", ctx.now())
    studio.run("bill_completed_sessions", "invoices")
    studio.run("bill_completed_sessions", "gallery_grants")  # of what was paid before, as soon as it is invoiced

    first = studio.look("due_work")
    requests = {request.job_name for request in first.run_requests or []}
    assert "bill_completed_sessions" not in requests
    quiet = studio.look("due_work", first.cursor)
    while quiet.run_requests:
        quiet = studio.look("due_work", quiet.cursor)

    assert "To let it go on: `billing release" in str(quiet.skip_reason)
    assert "Ada" not in str(quiet.skip_reason)
