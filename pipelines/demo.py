"""The jobs in this process, without a daemon: `python -m pipelines.demo`, for `make demo ONCE=1`.

One command a line on stdin, one JSON line back on stdout (all else goes to stderr):

    round      do what the sensors would start now, until nothing is due
    reconcile  compare the books with the outside, as every night
    refresh    make the warehouse and its published file anew
    quit       end; so does the end of stdin

    {"command": "round", "jobs": {"bill_completed_sessions": true}, "runs": 1, "seconds": 2.41, "trouble": []}

`jobs` says of each job that ran whether all its runs succeeded; `trouble` has a sentence for each that did not, or for
what could not be asked. `--rounds N` does N rounds and a refresh instead, without stdin. The exit code is 0 only if
everything succeeded.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import TextIO

import dagster as dg

from billing.domain.errors import BillingError
from billing.secrecy import keep_files_private
from billing.services.context import Context
from billing.services.safety.troubles import what_programs_said
from pipelines.definitions import definitions
from pipelines.jobs import RECONCILE, REFRESH_WAREHOUSE
from pipelines.resources import standing
from sensors.failures import troubles_of_run
from sensors.run_reasons import RunReason, look_for_due_work, look_for_payments, look_for_sessions

_TURNS = 6  # a payment leads to a receipt and a gallery, and they to mails; work that is left then waits for a person


@dataclass
class Done:
    """What one command did."""

    command: str
    jobs: dict[str, bool] = field(default_factory=dict)
    runs: int = 0
    seconds: float = 0.0
    trouble: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        return not self.trouble and all(self.jobs.values())


class Rounds:
    """Runs the jobs against one Dagster instance; every run is seen in its UI."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._definitions = definitions()

    def round(self) -> Done:
        """What the sensors would start now: intake once, then what is due, until nothing new is."""
        done, started = Done("round"), time.monotonic()
        try:
            ctx = standing.context_at_stripe()
            for look in (look_for_sessions, look_for_payments):
                self._run(look(ctx), done)
            self._run_due(ctx, done)
        except BillingError as error:
            done.trouble.append(error.sentence)
        done.seconds = round(time.monotonic() - started, 2)
        return done

    def reconcile(self) -> Done:
        """Compare the books with the outside, as every night."""
        return self._one("reconcile", RunReason("night", RECONCILE, "", "asked for"))

    def refresh(self) -> Done:
        """Make the figures anew, whether or not the ledger has changed."""
        return self._one("refresh", RunReason("figures", REFRESH_WAREHOUSE, "", "asked for"))

    def _one(self, command: str, reason: RunReason) -> Done:
        done, started = Done(command), time.monotonic()
        self._run(reason, done)
        done.seconds = round(time.monotonic() - started, 2)
        return done

    def _run_due(self, ctx: Context, done: Done) -> None:
        seen: set[tuple[str, str]] = set()
        for _ in range(_TURNS):
            payments = look_for_payments(ctx)  # what it polls waits in the ledger, and is due there too
            due = {(reason.name, reason.work): reason for reason in (payments, *look_for_due_work(ctx)) if reason}
            reasons = [reason for known, reason in due.items() if known not in seen]
            if not reasons:
                return
            for reason in reasons:
                seen.add((reason.name, reason.work))
                self._run(reason, done)

    def _run(self, reason: RunReason | None, done: Done) -> None:
        if reason is None:
            return
        result = self._definitions.resolve_job_def(reason.job).execute_in_process(
            instance=self._instance,
            asset_selection=[dg.AssetKey(name) for name in reason.assets] if reason.assets else None,
            tags={"studio/why": reason.why, **reason.tags},
            raise_on_error=False,
        )
        done.runs += 1
        done.jobs[reason.job] = done.jobs.get(reason.job, True) and result.success
        if not result.success:
            troubles = troubles_of_run(self._instance, result.run_id)
            done.trouble += [f"{reason.job}: {sentence}" for sentence in what_programs_said(troubles)]


def serve(rounds: Rounds, commands: Iterable[str], answers: TextIO) -> bool:
    """Answer each line with one JSON line until `quit`; True if everything succeeded."""
    known: dict[str, Callable[[], Done]] = {
        "round": rounds.round, "reconcile": rounds.reconcile, "refresh": rounds.refresh,
    }  # fmt: skip
    is_well = True
    for line in commands:
        command = line.strip()
        if command == "quit":
            break
        act = known.get(command)
        there_are = ", ".join([*known, "quit"])
        done = act() if act else Done(command, trouble=[f"There is no command {command}; there are {there_are}."])
        is_well = is_well and done.is_well
        print(json.dumps(asdict(done)), file=answers, flush=True)
    return is_well


def main() -> int:
    """0 if everything succeeded, 1 if anything failed."""
    parser = argparse.ArgumentParser(description="Run the jobs in this process, as the sensors would start them.")
    parser.add_argument("--rounds", type=int, default=0, help="do so many rounds and a refresh, without stdin")
    asked = parser.parse_args()
    keep_files_private()
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever prints must not break the protocol
    with dg.DagsterInstance.get() as instance:
        rounds = Rounds(instance)
        if not asked.rounds:
            return 0 if serve(rounds, sys.stdin, answers) else 1
        script = [*["round\n"] * asked.rounds, "refresh\n"]
        return 0 if serve(rounds, script, answers) else 1


if __name__ == "__main__":
    sys.exit(main())
