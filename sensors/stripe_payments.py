"""Polls Stripe for what became of payments."""

import dagster as dg

from pipelines.jobs import apply_stripe_events
from pipelines.resources import standing
from sensors.completed_sessions import EVERY, POLL_SECONDS
from sensors.launching import look_outside
from sensors.run_reasons import look_for_payments


@dg.sensor(
    job=apply_stripe_events,
    minimum_interval_seconds=POLL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks Stripe for new events; one run books all payments that arrived.",
)
def stripe_payments(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    return look_outside(context, "Stripe", "stripe_events", standing.context_at_stripe, look_for_payments, EVERY)
