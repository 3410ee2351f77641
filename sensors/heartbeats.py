"""Beats: each look that succeeded is kept in the ledger, and the one that looks most often watches the others."""

from __future__ import annotations

import time
from datetime import timedelta

import dagster as dg

from billing.services.context import Context
from billing.services.effects.janitor import show_stuck
from billing.services.safety.clock_set_back import look_at_clock
from billing.services.safety.disk_room import watch_disks
from billing.services.safety.watchdog import LATE_AFTER, beat, late_heartbeats, watch
from pipelines.jobs import JOBS
from sensors.launching import Memory
from sensors.patience import is_within
from sensors.waking import wake_sensors

LOOK_EVERY = timedelta(seconds=60)
_GRACE_SECONDS = LATE_AFTER * LOOK_EVERY.total_seconds()


def beat_and_watch(ctx: Context, instance: dg.DagsterInstance, memory: Memory, name: str) -> None:
    """`name` is the sensor that looks most often. After a standstill the others are given time to come back, too."""
    if look_at_clock(ctx):
        wake_sensors(instance, time.time())
    if any(one.name == name for one in late_heartbeats(ctx)):
        memory.back_since = time.time()
    if beat(ctx, name, LOOK_EVERY):  # once a minute, and with it what need not be looked at more often
        note_jobs_done(ctx, instance)
        show_stuck(ctx)
        look_at_disks(ctx)
    if not is_within(memory.back_since, _GRACE_SECONDS, time.time()):
        watch(ctx)


def look_at_disks(ctx: Context) -> None:
    """Told of while there is room for it: what is full cannot take a note."""
    from billing.bootstrap import disks_of
    from billing.settings import load_settings

    watch_disks(ctx, disks_of(load_settings()).look())


def note_jobs_done(ctx: Context, instance: dg.DagsterInstance) -> None:
    """When each job last succeeded, for people to see; Dagster's runs may be pruned, the ledger's word stays."""
    for job in JOBS:
        done = dg.RunsFilter(job_name=job.name, statuses=[dg.DagsterRunStatus.SUCCESS])
        for record in instance.get_run_records(done, limit=1):
            beat(ctx, f"job:{job.name}", at=record.update_timestamp)
