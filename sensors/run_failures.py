"""Tells the owner when a run has failed."""

from contextlib import suppress

import dagster as dg

from billing.domain.errors import BillingError
from pipelines.resources import standing
from sensors.failures import tell_of_run


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=10,
    description="Tells the owner of a failed run: under needs attention, and by at most one mail a day a job.",
)
def run_failures(context: dg.RunFailureSensorContext) -> None:
    # Dagster moves on even when this fails, so `due_work` tells once more of what was not told here.
    with suppress(BillingError):
        tell_of_run(standing.ctx(), context.instance, context.dagster_run)
