"""The months before today, a few days at a time: sessions end, clients pay, studio and pipeline do their work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from billing.cli.demo.clients import PayPlan, pay_what_is_due
from billing.cli.demo.office import Desk
from billing.cli.demo.rounds import Rounds
from billing.cli.demo.world import World

# The business asks the sandbox for the time once a second; a round must not begin with yesterday's answer.
CLOCK_SETTLES_SECONDS = 1.05


@dataclass
class Diary:
    """What the driver did and saw: jobs completed, runs of jobs that failed, and how long the rounds took."""

    completed: list[str] = field(default_factory=list)
    failed_runs: list[str] = field(default_factory=list)
    rounds: int = 0
    round_seconds: float = 0.0


Progress = Callable[[datetime, Diary], None]


def live_through(
    world: World, rounds: Rounds, desk: Desk, until: datetime, step: timedelta, progress: Progress
) -> Diary:
    """From the sandbox's now to `until`, a round of the jobs after each step."""
    diary = Diary()
    while (left := until - world.now()) > step / 2:
        world.advance(min(step, left).total_seconds())
        changed_at = time.monotonic()
        complete_sessions(world, desk.pays, diary)
        pay_what_is_due(world, desk.pays)
        desk.see_to_it(world.now(), world.today(desk.pays.plan))
        world.pay_out()
        time.sleep(max(0.0, changed_at + CLOCK_SETTLES_SECONDS - time.monotonic()))
        run_round(rounds, diary)
        progress(world.now(), diary)
    return diary


def complete_sessions(world: World, pays: PayPlan, diary: Diary) -> None:
    """The photographer marks what has been photographed by today; marking again changes nothing."""
    today = world.today(pays.plan)
    for job in pays.plan.jobs:
        if job.completes_on and job.completes_on <= today and job.id not in diary.completed:
            world.complete(job.id)
            diary.completed.append(job.id)


def close_the_books(rounds: Rounds, diary: Diary) -> None:
    """What the night does: the books are compared with the outside, and the figures are made."""
    for request in ("reconcile", "refresh"):
        run_round(rounds, diary, request)


def run_round(rounds: Rounds, diary: Diary, request: str = "round") -> None:
    done = rounds.ask(request)
    diary.rounds += 1
    diary.round_seconds += done.seconds
    diary.failed_runs.extend(done.failed)
