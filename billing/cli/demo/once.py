"""`billing demo --once`: a fresh world, seventy days in minutes, and a verdict."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.overview import Overview
from billing.bootstrap import SQL, open_context, open_ledger
from billing.cli.demo import place as places
from billing.cli.demo.clients import PayPlan, pay_what_is_due, save_cards
from billing.cli.demo.history import CLOCK_SETTLES_SECONDS, Diary, close_the_books, live_through, run_round
from billing.cli.demo.office import Desk
from billing.cli.demo.place import Place
from billing.cli.demo.promises import broken_checks, broken_promises
from billing.cli.demo.rounds import JOBS, Rounds, running_rounds
from billing.cli.demo.stories import HEADINGS, tell_stories
from billing.cli.demo.summary import summarize
from billing.cli.demo.world import World
from billing.cli.progress import say
from billing.cli.tables import table
from billing.sandbox.seed.plan import SeedPlan
from billing.sandbox.server import running_sandbox
from billing.settings import Settings

RETRIES_WAIT = timedelta(minutes=10)
CLEAN_UP_ROUNDS = 6  # a greylisted mail or a payment of the last day needs a few rounds more; then all must be quiet


@dataclass(frozen=True)
class Size:
    """How much is lived through. `step_days` between two rounds of the jobs."""

    sessions: int = 24
    days: int = 70
    step_days: int = 5


def run_once(
    directory: Path, summary_path: Path, size: Size, jobs: Sequence[str] = JOBS, currency: str = "EUR"
) -> bool:
    """True if every promise held. `directory` is emptied first; no process is left behind."""
    shutil.rmtree(directory, ignore_errors=True)
    place = Place(directory.absolute())
    place.prepare()
    plan, starts_on = places.seed_world(place, size.sessions, size.days, currency)
    with running_sandbox(place.sandbox_state) as sandbox:
        environment = place.environment(sandbox.url, sandbox.smtp_port, plan, starts_on)
        world = World(sandbox.url)
        with places.settings_of(environment) as settings, running_rounds(environment, directory, jobs) as rounds:
            diary = _live(settings, world, rounds, plan, size)
            summary, broken, stories = _judge(settings, world, rounds, plan, diary)
        world.close()
    summary_path.parent.mkdir(parents=True, exist_ok=True)
    summary_path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    _report(summary, broken, stories, summary_path)
    return not broken


def _live(settings: Settings, world: World, rounds: Rounds, plan: SeedPlan, size: Size) -> Diary:
    with open_context(settings) as ctx:
        saved = save_cards(ctx, world, plan)
    click.echo(f"{plan.studio_name}: {len(plan.jobs)} sessions, {saved} clients saved a card and consented", err=True)
    started_at = world.now()
    until, pays = started_at + timedelta(days=size.days), PayPlan(plan)

    def progress(now: datetime, diary: Diary) -> None:
        day, done = round((now - started_at).days), len(diary.completed)
        say(f"day {day} of {size.days}: {done} sessions completed, {len(pays.settled)} links paid")

    with closing(open_ledger(settings)) as ledger:
        diary = live_through(world, rounds, Desk(ledger, pays), until, timedelta(days=size.step_days), progress)
    _clean_up(settings, world, rounds, pays, diary)
    close_the_books(rounds, diary)
    say(f"{diary.rounds} rounds of the jobs in {diary.round_seconds:.0f} seconds", last=True)
    return diary


def _clean_up(settings: Settings, world: World, rounds: Rounds, pays: PayPlan, diary: Diary) -> None:
    """Rounds within the last day until nothing is due: retries run out their waits, receipts and galleries follow."""
    overview = Overview(open_ledger(settings).engine)
    for _ in range(CLEAN_UP_ROUNDS):
        pay_what_is_due(world, pays)
        run_round(rounds, diary)
        if not any(state in ("ready", "in_flight") for _, state in overview.unfinished_effects(world.now())):
            return
        world.advance(RETRIES_WAIT.total_seconds())
        time.sleep(CLOCK_SETTLES_SECONDS)


def _judge(
    settings: Settings, world: World, rounds: Rounds, plan: SeedPlan, diary: Diary
) -> tuple[dict[str, Any], list[str], list[tuple[str, ...]]]:
    before = world.oracle()
    run_round(rounds, diary)
    after = world.oracle()
    ledger = open_ledger(settings)
    try:
        overview = Overview(ledger.engine)
        policy = settings.gallery_policy.value
        unbalanced = broken_checks(run_checks(ledger.engine, SQL, now=world.now(), gallery_policy=policy))
        broken = unbalanced + broken_promises(overview, before, after, plan, diary)
        return summarize(overview, after, diary, unbalanced), broken, tell_stories(overview, ledger, plan)
    finally:
        ledger.close()


def _report(summary: dict[str, Any], broken: list[str], stories: list[tuple[str, ...]], path: Path) -> None:
    click.echo(table(HEADINGS, stories, right=("Amount",)))
    click.echo()
    for name, value in summary.items():
        click.echo(f"{name:28} {json.dumps(value)}")
    click.echo()
    for sentence in broken:
        click.echo(f"broken: {sentence}")
    verdict = f"{len(broken)} promises did not hold" if broken else "every promise held"
    click.echo(f"{verdict}; the figures are in {path}")
