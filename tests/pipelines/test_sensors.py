"""What the sensors start, and what they say when they start nothing."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from acting_studio import Studio

from pipelines.definitions import definitions
from pipelines.resources import standing

pytestmark = pytest.mark.dagster


def look(studio: Studio, name: str, cursor: str | None = None) -> dg.SensorResult:
    return studio.look(name, cursor)


def test_many_completed_sessions_are_one_run_and_the_same_work_waits(studio: Studio) -> None:
    studio.complete_all()

    first = look(studio, "completed_sessions")
    second = look(studio, "completed_sessions", first.cursor)

    (request,) = first.run_requests or []
    assert request.job_name == "bill_completed_sessions"
    assert request.run_key is None
    assert "+" in request.tags["studio/session"]
    assert second.run_requests == []
    assert "tried again later" in str(second.skip_reason)


def test_nothing_is_started_while_a_run_of_the_job_is_under_way(studio: Studio) -> None:
    studio.complete_all()
    job = definitions().resolve_job_def("bill_completed_sessions")
    studio.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)

    result = look(studio, "completed_sessions")

    assert result.run_requests == []
    assert "is at work" in str(result.skip_reason)


def test_due_work_starts_in_the_story_where_the_work_is_and_then_the_figures(studio: Studio) -> None:
    studio.complete_all()
    studio.run("bill_completed_sessions", "completed_sessions", "session_records", "invoices")

    result = look(studio, "due_work")

    requests = {request.job_name: request for request in result.run_requests or []}
    assert set(requests) == {"bill_completed_sessions", "follow_up_unpaid", "refresh_warehouse"}
    assets = [key.to_user_string() for key in requests["bill_completed_sessions"].asset_selection or []]
    assert assets[0] == "deliveries"
    assert "invoices" not in assets


def test_a_booking_system_that_is_down_is_a_sentence_and_then_an_item_that_ends_by_itself(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("BILLING_VSCO_URL", "http://127.0.0.1:9/vsco/api/v2")
        cursor = None
        for _ in range(3):
            result = look(studio, "completed_sessions", cursor)
            assert "VSCO Workspace cannot be reached" in str(result.skip_reason)
            cursor = result.cursor
        assert ("VSCO Workspace", "vsco_unreachable") in studio.attention()

    look(studio, "completed_sessions", cursor)

    assert "VSCO Workspace" not in {subject for subject, _ in studio.attention()}


def test_a_failed_run_reaches_the_owner_once(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("BILLING_VSCO_URL", "http://127.0.0.1:9/vsco/api/v2")
        failed = studio.run("bill_completed_sessions")
    assert not failed.success
    context = dg.build_run_status_sensor_context(
        sensor_name="run_failures",
        dagster_instance=studio.instance,
        dagster_run=failed.dagster_run,
        dagster_event=failed.get_run_failure_event(),
    ).for_run_failure()

    definitions().resolve_sensor_def("run_failures")(context)
    look(studio, "due_work")  # tells for certain what the failure sensor may have missed

    assert ("job:bill_completed_sessions", "run_failed") in studio.attention()
    assert [state for key, state in studio.intended() if "owner_alert" in key] == ["ready"]

    studio.run("bill_completed_sessions")
    look(studio, "due_work")

    assert [state for key, state in studio.intended() if "owner_alert" in key] == ["done"]
    assert "run_failed" not in {code for _, code in studio.attention()}


def test_no_sensor_fails_when_the_settings_are_missing(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLING_STRIPE_API_KEY")
    standing.close()

    for name in ("completed_sessions", "stripe_payments", "due_work"):
        assert "BILLING_STRIPE_API_KEY is missing" in str(look(studio, name).skip_reason)


def test_the_owner_is_mailed_in_the_morning_what_waits_for_him(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_OWNER_DIGEST", "true")
    monkeypatch.setenv("BILLING_DELIVERY_MODE", "review")
    monkeypatch.setenv("BILLING_DASHBOARD_URL", "https://figures.northlight.example")
    studio.complete_all()
    studio.run("bill_completed_sessions")
    waiting = len(studio.query("select 1 from drafts where state = 'waiting'"))
    tomorrow = (studio.sandbox.clock.now() + timedelta(days=1)).astimezone(ZoneInfo(studio.plan.timezone))
    studio.turn_clock(tomorrow.replace(hour=7, minute=0, second=30) - tomorrow + timedelta(days=1))

    result = look(studio, "due_work")
    assert "bill_completed_sessions" in {request.job_name for request in result.run_requests or []}
    for _ in range(2):
        studio.run("bill_completed_sessions", "deliveries")
        look(studio, "due_work")

    told = [mail for mail in studio.mails_to("owner@northlight.example") if "to approve" in mail[0]]
    assert [subject.partition(":")[2].split(",")[0] for subject, _ in told] == [f" {waiting} invoices to approve"]
    assert "https://figures.northlight.example" in told[0][1]
