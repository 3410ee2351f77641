"""Which runs are alive: each locks a file of its own, and the kernel lets go of it however the run's process ends.

Dagster's run monitoring asks the default launcher nothing: where the code server dies with its run (a host that is
switched off, a daemon that is killed), the run stays "started" until its time is up. A process id would not do: after
a restart another process has it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg


@contextmanager
def kept_alive(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the lock of this run. Its file appears locked and is gone before the lock is: nobody sees it free."""
    path = _path(instance, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    coming = path.with_name(f"{run_id}.{os.getpid()}")
    with open(coming, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        coming.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def has_died(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the process that worked on this run here is gone. False for one that never began to work here."""
    try:
        with open(_path(instance, run_id)) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except (FileNotFoundError, BlockingIOError):
        return False


def bury(instance: dg.DagsterInstance, run_id: str) -> None:
    """Forget a run that has died."""
    _path(instance, run_id).unlink(missing_ok=True)


def _path(instance: dg.DagsterInstance, run_id: str) -> Path:
    return Path(instance.root_directory) / "alive" / run_id
