"""`python -m billing.cli.demo.driver`: what happens in the live demo's world, while its servers run beside.

First the months before today in a few minutes, by rounds of the jobs; then today, as it happens: every little while a
session is completed and clients pay, and Dagster's sensors do the rest.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from billing.bootstrap import open_context, open_ledger
from billing.cli.demo.clients import PayPlan, pay_what_is_due, save_cards
from billing.cli.demo.history import Diary, close_the_books, live_through
from billing.cli.demo.office import Desk
from billing.cli.demo.rounds import JOBS, running_rounds
from billing.cli.demo.world import World
from billing.cli.greeting import greet
from billing.domain.errors import BillingError
from billing.sandbox.seed.plan import PlannedJob
from billing.settings import Settings

STEP = timedelta(days=5)
COMPLETE_EVERY = timedelta(seconds=20)
LIVE_DAY = timedelta(seconds=8)  # how long a client's day takes while somebody watches
_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Stage:
    """Where the driver finds its world. `live` is the file that lets the daemon begin."""

    sandbox_url: str
    directory: Path
    logs: Path
    live: Path
    addresses: dict[str, tuple[str, str]]
    hook: str  # where Stripe's web hooks are taken

    @classmethod
    def load(cls, path: Path) -> Stage:
        body = json.loads(path.read_text(encoding="utf-8"))
        addresses = {name: (check, shown) for name, (check, shown) in body["addresses"].items()}
        return cls(
            body["sandbox_url"],
            Path(body["directory"]),
            Path(body["logs"]),
            Path(body["live"]),
            addresses,
            body["hook"],
        )

    def save(self, path: Path) -> None:
        body = {"sandbox_url": self.sandbox_url, "addresses": self.addresses, "hook": self.hook}
        paths = {"directory": str(self.directory), "logs": str(self.logs), "live": str(self.live)}
        path.write_text(json.dumps(body | paths), encoding="utf-8")


def drive(stage: Stage, settings: Settings) -> None:
    """Never returns: a demo goes on until somebody has seen enough."""
    greet(stage.logs, stage.addresses)
    world = World(stage.sandbox_url)
    plan = world.plan()
    pays = PayPlan(plan)
    with open_context(settings) as ctx:
        saved = save_cards(ctx, world, plan)
    if saved:
        click.echo(f"{plan.studio_name}: {len(plan.jobs)} sessions; {saved} clients saved a card and consented")
    with closing(open_ledger(settings)) as ledger:
        live_through_history(stage, world, Desk(ledger, pays))
        world.set_clock(datetime.now(UTC))
        world.send_web_hooks_to(stage.hook)
        stage.live.touch()
        click.echo("it is today; from here on Dagster's sensors do the work (Ctrl-C stops all of it)")
        live_today(world, Desk(ledger, replace(pays, day=LIVE_DAY)))


def live_through_history(stage: Stage, world: World, desk: Desk) -> None:
    """From where the world's clock stands up to today; nothing if it has arrived there in an earlier start."""
    today = datetime.now(UTC)
    if today - world.now() <= STEP / 2:
        return
    began_at = world.now()

    def progress(now: datetime, diary: Diary) -> None:
        click.echo(f"{now:%d %B}: {len(diary.completed)} sessions completed, {len(desk.pays.settled)} links paid")

    click.echo(f"the days from {began_at:%d %B} to today, five at a time:")
    with running_rounds(os.environ, stage.directory, JOBS) as rounds:
        diary = live_through(world, rounds, desk, today, STEP, progress)
        close_the_books(rounds, diary)


def live_today(world: World, desk: Desk) -> None:
    waiting = upcoming(world, desk.pays)
    next_at = datetime.now(UTC)
    while True:
        if waiting and datetime.now(UTC) >= next_at:
            job = waiting.pop(0)
            world.complete(job.id)
            next_at += COMPLETE_EVERY
            click.echo(f"completed: {job.name}" + ("" if waiting else "; that was the last session of the plan"))
        if paid := pay_what_is_due(world, desk.pays):
            click.echo(f"{paid} client{'s' if paid > 1 else ''} paid")
        for asked in desk.see_to_it(world.now(), world.today(desk.pays.plan)):
            click.echo(asked)
        time.sleep(_PAUSE_SECONDS)


def upcoming(world: World, pays: PayPlan) -> list[PlannedJob]:
    """Sessions still to be completed, soonest first; today they come sooner than planned."""
    jobs = [job for job in pays.plan.jobs if job.completes_on]
    return [job for job in jobs if not world.is_completed(job.id, pays.plan.api_key)]


def main(arguments: list[str]) -> None:
    try:
        drive(Stage.load(Path(arguments[0])), Settings(_env_file=None))
    except BillingError as error:
        raise SystemExit(error.sentence) from None


if __name__ == "__main__":
    main(sys.argv[1:])
