"""After the machine's clock was set back the sensors look again at once, and failures of then are told of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from acting_studio import Studio
from dagster import DagsterInstance
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType, SensorInstigatorData
from dagster._daemon.sensor import is_under_min_interval

from pipelines.definitions import definitions

pytestmark = pytest.mark.dagster

SEVEN_HOURS = timedelta(hours=7)


@pytest.fixture
def studio(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """With a Dagster that keeps when each sensor has looked."""
    (tmp_path / "dagster").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    with DagsterInstance.get() as instance:
        yield replace(studio, instance=instance)


def looked(studio: Studio, name: str, moment: float) -> None:
    """Dagster has noted that the sensor looked then."""
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "studio"), name)
    data = SensorInstigatorData(moment, cursor="kept", last_tick_start_timestamp=moment)
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)
    studio.instance.add_instigator_state(state)


def states(studio: Studio) -> dict[str, InstigatorState]:
    return {state.instigator_name: state for state in studio.instance.all_instigator_state()}


def may_look(studio: Studio, name: str) -> bool:
    """By Dagster's own rule."""
    interval = definitions().resolve_sensor_def(name).minimum_interval_seconds
    remote: Any = SimpleNamespace(min_interval_seconds=interval)
    return not is_under_min_interval(states(studio)[name], remote)


def test_the_sensor_that_looks_most_often_looks_on_and_wakes_the_others(studio: Studio) -> None:
    studio.look("due_work")
    ahead = time.time() + SEVEN_HOURS.total_seconds()
    for name in ("due_work", "completed_sessions", "stripe_payments"):
        looked(studio, name, ahead)
    studio.turn_clock(-SEVEN_HOURS)
    assert may_look(studio, "due_work")
    assert not may_look(studio, "completed_sessions")

    studio.look("due_work")

    assert may_look(studio, "completed_sessions")
    assert may_look(studio, "stripe_payments")
    assert {state.sensor_instigator_data.cursor for state in states(studio).values()} == {"kept"}
    assert ("clock", "clock_set_back") in studio.attention()


def test_one_that_looked_just_now_is_left_alone(studio: Studio) -> None:
    studio.look("due_work")
    looked(studio, "completed_sessions", time.time() - 1)
    studio.turn_clock(-SEVEN_HOURS)

    studio.look("due_work")

    assert not may_look(studio, "completed_sessions")


def test_a_run_that_nobody_but_a_person_starts_says_so_too(studio: Studio) -> None:
    studio.run("follow_up_unpaid")
    studio.turn_clock(-SEVEN_HOURS)

    studio.run("follow_up_unpaid")

    assert ("clock", "clock_set_back") in studio.attention()


def test_a_run_that_fails_after_it_is_told_of(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    told_until = f'{{"alerted_until": {time.time() + SEVEN_HOURS.total_seconds()}}}'
    with monkeypatch.context() as broken:
        broken.setenv("BILLING_VSCO_URL", "http://127.0.0.1:9/vsco/api/v2")
        assert not studio.run("bill_completed_sessions").success

    studio.look("due_work", told_until)

    assert ("job:bill_completed_sessions", "run_failed") in studio.attention()
