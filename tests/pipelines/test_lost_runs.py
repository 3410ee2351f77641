"""Runs that die, and workers that are left behind: the next look goes on, and nothing outside is done twice."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import time_machine
from acting_studio import Studio
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from billing.bootstrap import open_context
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from billing.sandbox.oracle import oracle
from billing.sandbox.stripe import faults
from billing.services.safety.troubles import Cause, Trouble
from pipelines.definitions import definitions
from pipelines.jobs import JOBS
from pipelines.running import has_died, kept_alive
from sensors.failures import troubles_of_run
from sensors.lost_runs import LOST, end_lost_runs

pytestmark = pytest.mark.dagster

ROOT = Path(__file__).parents[2]
JOB = "bill_completed_sessions"
STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster as it is set up for real: by dagster.yaml, its storage on the disk."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    with dg.DagsterInstance.get() as instance:
        yield instance


@pytest.fixture
def standing_studio(studio: Studio, home: dg.DagsterInstance) -> Studio:
    """Cards are saved, sessions are completed, and all runs are kept on the disk."""
    with open_context() as ctx:
        assert save_cards(ctx, World(studio.sandbox.url), studio.plan) > 0
    studio.complete_all()
    return replace(studio, instance=home)


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process that works on one run, and is killed at the end."""
    command = [sys.executable, str(Path(__file__).with_name("one_run.py")), JOB]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(come: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while not come():
        assert process.poll() is None, "the worker ended before"
        assert time.monotonic() < until, "nothing came for a minute"
        time.sleep(0.02)


def charged(studio: Studio) -> int:
    return studio.happened_outside().get("stripe.charge_succeeded", 0)


def silence_after_a_charge(studio: Studio) -> None:
    """The money of the first charge has moved, and the one who asked for it hears nothing for a while."""
    silence = {"kind": "timeout", "method": "POST", "path_suffix": "/confirm", "delay_ms": 2500}
    faults.order(studio.sandbox.store, silence)


def once_each(studio: Studio) -> None:
    truth = oracle(studio.sandbox.store)
    assert truth["charges"]["subjects_charged_more_than_once"] == []
    assert truth["mails"]["duplicate_message_ids"] == []
    assert truth["write_backs"]["duplicate_transaction_ids"] == []
    assert truth["grants"]["opened_more_than_once"] == []
    [charges] = studio.query("select count(*) from effects where kind = 'charge' and state = 'done'")
    assert truth["charges"]["succeeded"] == charges[0] > 0
    assert studio.query("select * from effects where state in ('in_flight', 'unknown') and kind = 'charge'") == []


def test_a_run_killed_in_the_middle_of_a_charge_is_ended_at_the_next_look_and_the_next_run_goes_on(
    standing_studio: Studio,
) -> None:
    studio, instance = standing_studio, standing_studio.instance
    silence_after_a_charge(studio)
    with worker() as process:
        wait_for(lambda: charged(studio) > 0, process)
    [record] = instance.get_run_records()
    run = record.dagster_run
    assert run.status is STARTED
    monitor_started_run(instance, None, record, logging.getLogger("test"))  # type: ignore[arg-type]
    assert instance.get_run_by_id(run.run_id).status is STARTED  # Dagster alone would wait for a quarter of an hour

    look = definitions().resolve_sensor_def("due_work")
    look(dg.build_sensor_context(instance=instance, definitions=definitions(), sensor_name="due_work"))

    assert instance.get_run_by_id(run.run_id).status is FAILURE
    assert troubles_of_run(instance, run.run_id) == [Trouble(Cause.KILLED, LOST)]
    assert (f"job:{JOB}", "run_failed") in studio.attention()
    studio.turn_clock(timedelta(hours=2))  # the leases of what was under way run out
    assert studio.run(JOB).success
    once_each(studio)


def test_a_worker_left_behind_by_its_daemon_and_a_new_one_beside_it_do_everything_once(
    standing_studio: Studio,
) -> None:
    studio, instance = standing_studio, standing_studio.instance
    silence_after_a_charge(studio)
    with worker() as process:
        wait_for(lambda: charged(studio) > 0, process)

        assert end_lost_runs(instance) == 0  # it is at work, whoever started it
        beside = studio.run(JOB)

        assert process.wait(60) == 0
    assert beside.success
    studio.turn_clock(timedelta(hours=2))
    assert studio.run(JOB, "charges").success
    once_each(studio)


def test_a_run_is_lost_only_when_its_process_is(home: dg.DagsterInstance) -> None:
    run = home.create_run_for_job(definitions().resolve_job_def(JOB), status=STARTED)
    assert not has_died(home, run.run_id)  # it may have started elsewhere, or may be about to

    with kept_alive(home, run.run_id):
        assert not has_died(home, run.run_id)
        assert end_lost_runs(home) == 0

    assert not has_died(home, run.run_id)  # it ended in good order, and Dagster is about to hear of it
    killed = subprocess.run([sys.executable, "-c", DIES, run.run_id], cwd=ROOT, check=False)
    assert killed.returncode == -9
    assert end_lost_runs(home) == 1
    assert end_lost_runs(home) == 0


DIES = """
import os, signal, sys
import dagster as dg
from pipelines.running import kept_alive
with dg.DagsterInstance.get() as instance, kept_alive(instance, sys.argv[1]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_every_job_has_a_time_limit_and_dagster_ends_what_goes_beyond(home: dg.DagsterInstance) -> None:
    limits = {job.name: int(job.tags[dg.MAX_RUNTIME_SECONDS_TAG]) for job in JOBS}
    assert home.run_monitoring_enabled
    assert home.run_monitoring_start_timeout_seconds == 120
    assert max(limits.values()) <= home.run_monitoring_max_runtime_seconds  # which holds for what is started by hand
    job = definitions().resolve_job_def(JOB)
    run = home.create_run_for_job(job, tags=dict(job.tags), status=dg.DagsterRunStatus.STARTING)
    home.report_dagster_event(dg.DagsterEvent("PIPELINE_START", job.name), run.run_id)

    for minutes, status in ((14, STARTED), (16, FAILURE)):
        with time_machine.travel(time.time() + minutes * 60):
            [record] = home.get_run_records()
            if not record.dagster_run.is_finished:
                monitor_started_run(home, None, record, logging.getLogger("test"))  # type: ignore[arg-type]

        assert home.get_run_by_id(run.run_id).status is status
