"""What happens at a time of day, whatever the sensors have seen or missed: both before the studio opens."""

from __future__ import annotations

import os

import dagster as dg

from pipelines.jobs import bill_completed_sessions, reconcile

# Read here rather than through Settings: a schedule's zone is part of its definition, which must load without settings.
_TIME_ZONE = os.environ.get("BILLING_TIME_ZONE") or "UTC"

morning_round = dg.ScheduleDefinition(
    name="morning_round",
    job=bill_completed_sessions,
    cron_schedule="30 5 * * *",
    execution_timezone=_TIME_ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every morning all of it once, so that nothing hangs on a sensor alone. Doing it again does nothing.",
)

nightly_reconciliation = dg.ScheduleDefinition(
    name="nightly_reconciliation",
    job=reconcile,
    cron_schedule="30 4 * * *",
    execution_timezone=_TIME_ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night the books are compared with the outside, before the morning's round goes on from them.",
)
