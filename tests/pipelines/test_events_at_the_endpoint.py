"""An event that came by web hook is picked up by the sensor that looks every five seconds, once."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import dagster as dg
import pytest
from acting_studio import Studio

from billing.bootstrap import open_ledger, pin_account
from billing.domain.payments import ProviderEvent
from billing.services.intake.receive_events import receive_event
from billing.settings import load_settings
from pipelines.definitions import definitions
from pipelines.resources import standing
from sensors import patience
from sensors.launching import Memory, answer
from sensors.run_reasons import RunReason, look_for_due_work

pytestmark = pytest.mark.dagster

LOOKS_EVERY_SECONDS_AT_MOST = 5


def bring(*event_ids: str) -> None:
    """As the endpoint does it, in a ledger that knows its account."""
    pin_account(standing.ctx())
    ledger, now = open_ledger(load_settings()), datetime.now(UTC)
    for event_id in event_ids:
        event = ProviderEvent(event_id, "payment_intent.succeeded", now, "pi_none", "pi_none", "{}")
        receive_event(ledger, "stripe", event, now)
    ledger.close()


def look(studio: Studio, cursor: str | None = None) -> dg.SensorResult:
    context = dg.build_sensor_context(
        instance=studio.instance, cursor=cursor, definitions=definitions(), sensor_name="due_work"
    )
    result = definitions().resolve_sensor_def("due_work")(context)
    assert isinstance(result, dg.SensorResult)
    return result


def jobs_of(result: dg.SensorResult) -> list[str | None]:
    return [request.job_name for request in result.run_requests or []]


def test_the_sensor_that_looks_every_few_seconds_starts_to_apply_what_the_endpoint_took(studio: Studio) -> None:
    before = jobs_of(look(studio))
    bring("evt_1", "evt_2")

    result = look(studio)

    sensor = definitions().resolve_sensor_def("due_work")
    assert sensor.minimum_interval_seconds <= LOOKS_EVERY_SECONDS_AT_MOST
    assert "apply_stripe_events" in {job.name for job in sensor.jobs}
    assert "apply_stripe_events" not in before
    assert jobs_of(result).count("apply_stripe_events") == 1
    (request,) = [one for one in result.run_requests or [] if one.job_name == "apply_stripe_events"]
    assert request.tags["studio/why"] == "Stripe events to apply: 2"


def test_events_that_come_during_a_run_wait_for_the_next_look_and_the_same_ones_are_patient(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "FIRST_WAIT_SECONDS", 600)  # however slow this machine is today
    bring("evt_1")
    first = look(studio)
    again = look(studio, first.cursor)
    bring("evt_2")
    newer = look(studio, again.cursor)
    job = definitions().resolve_job_def("apply_stripe_events")
    studio.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    bring("evt_3")
    busy = look(studio, newer.cursor)

    assert "apply_stripe_events" in jobs_of(first)
    assert "apply_stripe_events" not in jobs_of(again)
    assert "apply_stripe_events" in jobs_of(newer)
    assert "apply_stripe_events" not in jobs_of(busy)


def test_two_reasons_for_one_job_are_one_run_and_the_other_is_not_taken_for_tried(studio: Studio) -> None:
    context = dg.build_sensor_context(instance=studio.instance)
    memory = Memory()
    reasons = [
        RunReason("a", "apply_stripe_events", "1", "first"),
        RunReason("b", "apply_stripe_events", "2", "second"),
    ]

    result = answer(context, memory, reasons, "quiet")

    assert jobs_of(result) == ["apply_stripe_events"]
    assert set(memory.patience) == {"a"}


def test_an_event_that_was_applied_is_not_due(studio: Studio) -> None:
    bring("evt_1")
    ctx = standing.ctx()
    assert "payments" in [reason.name for reason in look_for_due_work(ctx)]
    with ctx.ledger.write() as uow:
        uow.payments.settle_event("stripe", "evt_1", "ignored", "seen", datetime.fromtimestamp(time.time(), UTC))

    assert "payments" not in [reason.name for reason in look_for_due_work(ctx)]
