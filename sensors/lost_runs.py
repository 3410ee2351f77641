"""Runs whose process is gone without a word: ended here, or their job would count as busy until their time is up."""

from __future__ import annotations

import dagster as dg

from pipelines.running import bury, has_died

LOST = "Its process is gone: it was killed, or the machine went down. What it had begun is found out by asking outside."


def end_lost_runs(instance: dg.DagsterInstance) -> int:
    """Mark them as failed, which tells the owner of it; how many there were."""
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    lost = [run for run in started if has_died(instance, run.run_id)]
    for run in lost:
        instance.report_run_failed(run, LOST)
        bury(instance, run.run_id)
    return len(lost)
