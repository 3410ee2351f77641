"""Running the state machine of machine.py: so many lives of so many steps, of one seed."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from ledger_places import places
from machine import StudioLife
from proof import Count, Proof
from sqlalchemy import event

from billing.adapters.ledger.unit_of_work import SqlLedger

REPRODUCE = "PYTHONPATH=.:tests/support .venv/bin/python tests/reliability/lives.py SEED 20 100"
A_BATCH = 20
MINUTES = 4
LONG_FORM = 10_000
FIRST_SEED = 1000


def live(number: int, lives: int, steps: int) -> str | None:
    """None if every promise held; else the shortest life that breaks one, as Hypothesis tells it."""
    with places() as place:
        template, path = place.ledger_file(), place.room() / "ledger.db"

        class Life(StudioLife):
            pass

        Life.template, Life.path, Life.ledger = template, path, _without_waiting(f"sqlite:///{path}")
        try:
            run_state_machine_as_test(
                seed(number)(Life),
                settings=settings(
                    max_examples=lives, stateful_step_count=steps, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
                ),
            )  # fmt: skip
        except Exception as error:
            return "".join(traceback.format_exception_only(error))
        finally:
            Life.ledger.close()
    return None


def _without_waiting(url: str) -> SqlLedger:
    """What is tested here is not the disk."""
    ledger = SqlLedger(url)
    event.listen(ledger.engine, "connect", lambda connection, _: connection.execute("pragma synchronous = off"))
    return ledger


def prove(long: bool, progress: Callable[[str], None]) -> list[Proof]:
    """Ten thousand lives of 100 steps; not `long`: as many as fit into four minutes. A new seed for each batch."""
    count = Count("state machine: lives of 100 steps against the model", REPRODUCE)
    until = time.monotonic() + MINUTES * 60
    seeds = range(FIRST_SEED, FIRST_SEED + LONG_FORM // A_BATCH)
    # They give way to the proofs that run beside them and have to do with time.
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=os.nice, initargs=(10,)) as processes:
        ends = processes.map(partial(live, lives=A_BATCH, steps=100), seeds)
        for number, broken in zip(seeds, ends, strict=True):
            count.case([f"seed {number}: {broken}"] if broken else [], tried=A_BATCH)
            if broken:
                progress(f"seed {number}: {broken.splitlines()[0]}")
            progress(f"{count.what}: {count.tried}, up to seed {number}, {len(count.violations)} violations")
            if not long and time.monotonic() > until:
                processes.shutdown(cancel_futures=True)
                break
    return [count.proof()]


if __name__ == "__main__":
    print(live(*map(int, sys.argv[1:4])) or "every promise held")
