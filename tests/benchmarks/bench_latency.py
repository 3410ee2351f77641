"""From "the session is completed" to "the mail is accepted", against an empty asset job that is triggered the same way.

One daemon serves both, and the samples alternate, so that both see the same machine.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from stage import ROOT, Stage, show, stage

SAMPLES = 10
PATIENCE_SECONDS = 120
LOCATIONS = """load_from:
  - python_module: {module_name: pipelines.definitions, location_name: studio_billing}
  - python_file: {relative_path: %s, location_name: floor}
"""


def main() -> None:
    with stage(sessions=SAMPLES * 2, BILLING_POLL_SECONDS="5") as room, _daemon(room):
        jobs = [job["id"] for job in _sessions(room)]
        _bill_one(room, jobs.pop())  # everything is warm, and the floor's location is loaded
        _run_empty(room)
        pairs = [(_run_empty(room), _bill_one(room, jobs.pop())) for _ in range(SAMPLES)]
    _report(pairs)


def _report(pairs: list[tuple[float, float]]) -> None:
    floor, ours = (sorted(column) for column in zip(*pairs, strict=True))
    print(f"seconds, empty job: {_spread(floor)}; session to mail: {_spread(ours)} ({SAMPLES} samples each)")
    ratio = _p95(ours) / _p95(floor)
    show("session completed -> mail accepted / empty job, p95", ratio, "<= 1.3", ratio <= 1.3)


@contextlib.contextmanager
def _daemon(room: Stage) -> Iterator[None]:
    """The Dagster daemon with both code locations, ended with all the processes that it started."""
    home = room.room / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    workspace = room.room / "workspace.yaml"
    workspace.write_text(LOCATIONS % (ROOT / "tests" / "benchmarks" / "floor.py"))
    environment = room.environment | {"FLOOR_FOLDER": str(room.room)}
    command = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", str(workspace)]
    log = (room.room / "daemon.log").open("w")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    except TimeoutError:
        print((room.room / "daemon.log").read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _sessions(room: Stage) -> list[dict[str, str]]:
    jobs = room.get("/sandbox/plan")["jobs"]
    return [job for job in jobs if job["difficulty"] is None]


def _bill_one(room: Stage, job_id: str) -> float:
    before = room.get("/sandbox/oracle")["counts"].get("mail.accepted", 0)
    return _timed(
        lambda: room.post("/sandbox/sessions/complete", {"job_id": job_id}),
        lambda: room.get("/sandbox/oracle")["counts"].get("mail.accepted", 0) > before,
    )


def _run_empty(room: Stage) -> float:
    done, waiting = room.room / "done", room.room / "waiting"
    done.unlink(missing_ok=True)
    return _timed(waiting.touch, done.exists)


def _timed(begin: Callable[[], object], is_done: Callable[[], bool]) -> float:
    time.sleep(random.uniform(3, 8))  # each sample meets the sensor's interval at another moment
    began = time.perf_counter()
    begin()
    while not is_done():
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TimeoutError("the daemon did nothing for two minutes")
        time.sleep(0.05)
    return time.perf_counter() - began


def _p95(sorted_seconds: list[float]) -> float:
    return statistics.quantiles(sorted_seconds, n=20, method="inclusive")[-1]


def _spread(sorted_seconds: list[float]) -> str:
    return f"median {statistics.median(sorted_seconds):.1f}, p95 {_p95(sorted_seconds):.1f}"


if __name__ == "__main__":
    main()
