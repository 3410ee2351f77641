"""Running the state machine of machine.py: so many lives of so many steps, of one seed."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from ledger_places import places
from machine import StudioLife
from proof import Count, Proof
from sqlalchemy import event

from billing.adapters.ledger.books import SqlLedger

REPRODUCE = "PYTHONPATH=.:tests:tests/services .venv/bin/python tests/reliability/lives.py SEED 20 100"
A_BATCH = 20
MINUTES = 4
LONG_FORM = 10_000


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
        except Exception:
            return traceback.format_exc()
        finally:
            Life.ledger.close()
    return None


def _without_waiting(url: str) -> SqlLedger:
    """What is tested here is not the disk."""
    ledger = SqlLedger(url)
    event.listen(ledger.engine, "connect", lambda connection, _: connection.execute("pragma synchronous = off"))
    return ledger


def prove(long: bool, progress: Callable[[str], None]) -> list[Proof]:
    """As many lives of 100 steps as fit into four minutes; `long`: ten thousand. A new seed for each batch."""
    count = Count("state machine: lives of 100 steps against the model", REPRODUCE)
    until = time.monotonic() + MINUTES * 60
    number = 1000
    while count.tried < LONG_FORM if long else time.monotonic() < until:
        broken = live(number, A_BATCH, 100)
        found = [f"seed {number}: {broken[-2000:]}"] if broken else []
        for position in range(A_BATCH):
            count.case(found if position == 0 else [])
        progress(f"state machine: {count.tried} lives, up to seed {number}")
        number += 1
    return [count.proof()]


if __name__ == "__main__":
    print(live(*map(int, sys.argv[1:4])) or "every promise held")
