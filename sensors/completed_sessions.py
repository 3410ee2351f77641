"""Polls VSCO Workspace for completed sessions."""

import os
from datetime import timedelta

import dagster as dg

from pipelines.jobs import bill_completed_sessions
from pipelines.resources import standing
from sensors.launching import look_outside
from sensors.run_reasons import look_for_sessions

# Read here rather than through Settings: the interval is part of the definition, which must load without settings.
# What is no number is refused by the settings, where it is said; the definition loads with the usual interval.
GIVEN = os.environ.get("BILLING_POLL_SECONDS", "").strip()
POLL_SECONDS = max(5, int(GIVEN)) if GIVEN.isdecimal() else 30
EVERY = timedelta(seconds=POLL_SECONDS)


@dg.sensor(
    job=bill_completed_sessions,
    minimum_interval_seconds=POLL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks VSCO Workspace for changed jobs; one run bills all sessions that are completed.",
)
def completed_sessions(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    return look_outside(context, "VSCO Workspace", "completed_sessions", standing.ours, look_for_sessions, EVERY)
