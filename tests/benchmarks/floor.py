"""The floor under the latency: an empty asset, in a job that a sensor starts when a file appears."""

from __future__ import annotations

import os
import time
from pathlib import Path

import dagster as dg

WAITING = Path(os.environ.get("FLOOR_FOLDER", ".")) / "waiting"
DONE = Path(os.environ.get("FLOOR_FOLDER", ".")) / "done"


@dg.asset
def nothing() -> None:
    """Says when it was reached."""
    DONE.write_text(str(time.time()))


empty = dg.define_asset_job("empty", dg.AssetSelection.assets(nothing), executor_def=dg.in_process_executor)


@dg.sensor(job=empty, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
def something_waits() -> dg.SensorResult:
    if not WAITING.exists():
        return dg.SensorResult(skip_reason="nothing waits")
    WAITING.unlink()
    return dg.SensorResult(run_requests=[dg.RunRequest()])


definitions = dg.Definitions(assets=[nothing], jobs=[empty], sensors=[something_waits])
