"""What the tests of the command line share: a studio that has been billed, and a runner over a copy of its ledger."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from plain_rounds import ROUND
from strangers import seed_with_strangers

from billing.adapters.ledger.overview import Overview
from billing.bootstrap import open_context, open_ledger
from billing.cli.demo.clients import PayPlan, pay_what_is_due, save_cards
from billing.cli.demo.place import Place, seed_world, settings_of
from billing.cli.demo.world import World
from billing.cli.group import billing
from billing.domain.canonical import sha256
from billing.sandbox.seed import SeedPlan
from billing.sandbox.server import RunningSandbox, running_sandbox

Run = Callable[..., Result]
ADDRESS = "address"  # the file that says where the sandbox answered while the studio was lived through


@dataclass(frozen=True)
class Studio:
    """A world after its first weeks: invoices sent, some paid, drafts waiting in another ledger.

    `oracle` is what the sandbox counted then: tests that act on a copy of the ledger act on the one sandbox.
    """

    sandbox: RunningSandbox
    world: World
    plan: SeedPlan
    environment: dict[str, str]
    directory: Path
    oracle: dict[str, Any] = field(default_factory=dict)

    @property
    def automatic(self) -> Path:
        return self.directory / "ledger.db"

    @property
    def review(self) -> Path:
        return self.directory / "review.db"


@contextmanager
def studio_in(folder: Path) -> Iterator[Studio]:
    """The studio that this folder holds, or a new one, beside a sandbox that runs meanwhile."""
    place = Place(folder)
    place.prepare()
    plan, starts_on = seed_world(place, sessions=6, days=90, seed=seed_with_strangers)
    with running_sandbox(place.sandbox_state) as sandbox:
        environment = place.environment(sandbox.url, sandbox.smtp_port, plan, starts_on)
        environment["BILLING_AUTOPAY_NOTICE_DAYS"] = "0"  # its one day sees cards charged
        with closing(World(sandbox.url)) as world:
            yield Studio(sandbox, world, plan, environment, folder)


def live_in(folder: Path) -> None:
    """Its first weeks, kept in the folder."""
    with studio_in(folder) as studio:
        live_through(studio)
        (folder / ADDRESS).write_text(studio.sandbox.url)


def move_ledgers(studio: Studio) -> None:
    """To the address at which the sandbox answers now: records read again and pay links name it, and it was another."""
    there, here = (studio.directory / ADDRESS).read_text(), studio.sandbox.url
    for path in (studio.automatic, studio.review):
        with closing(sqlite3.connect(path)) as ledger, ledger:
            ledger.create_function("sha256", 1, sha256)
            append_only = "from sqlite_master where type = 'trigger' and tbl_name = 'source_records'"
            guards = ledger.execute(f"select name, sql {append_only}").fetchall()
            for name, _ in guards:
                ledger.execute(f"drop trigger {name}")
            for column in ("source_records.body", "pay_links.url", "mails_sent.pay_url"):
                table, name = column.split(".")
                ledger.execute(f"update {table} set {name} = replace({name}, ?, ?)", [there, here])
            ledger.execute("update source_records set body_sha256 = sha256(body)")
            for _, guard in guards:
                ledger.execute(guard)


def live_through(studio: Studio) -> None:
    """All sessions completed; drafts in the one ledger, invoices and payments of today in the other."""
    studio.world.set_clock(datetime.now(UTC))
    with settings_of(studio.environment) as settings, open_context(settings) as ctx:
        save_cards(ctx, studio.world, studio.plan)
        for job in studio.plan.jobs:
            if job.completes_on:
                studio.world.complete(job.id)
    review = {"BILLING_LEDGER_URL": f"sqlite:///{studio.review}", "BILLING_DELIVERY_MODE": "review"}
    for environment in (studio.environment | review, studio.environment):
        with settings_of(environment) as settings, open_context(settings) as ctx:
            ROUND["bill_completed_sessions"](ctx)
    payers = [studio.plan.client_of(studio.plan.difficult(one)) for one in ("hostile_name", "formula_name")]
    pay_what_is_due(studio.world, PayPlan(replace(studio.plan, clients=payers), timedelta(0)))
    with settings_of(studio.environment) as settings, open_context(settings) as ctx:
        ROUND["apply_stripe_events"](ctx)


def runner_over(studio: Studio, ledger: Path, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    mine = tmp_path / "ledger.db"
    _copy(ledger, mine)
    changed = {"LEDGER_URL": f"sqlite:///{mine}", "DELIVERY_MODE": mode, "WAREHOUSE_PATH": str(tmp_path / "w.duckdb")}
    environment = studio.environment | {f"BILLING_{name}": value for name, value in changed.items()}
    for name in [name for name in os.environ if name.startswith("BILLING_")]:
        monkeypatch.delenv(name)  # what is set around the tests is no setting of this studio
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)  # no .env of this checkout gets in

    def run(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(billing, words, input=typed)

    return run


def _copy(ledger: Path, mine: Path) -> None:
    """With what its write-ahead log still holds."""
    for suffix in ("", "-wal"):
        source = ledger.with_name(ledger.name + suffix)
        if source.exists():
            shutil.copy(source, mine.with_name(mine.name + suffix))


def invoice_numbers(studio: Studio, paid: bool) -> list[str]:
    """Numbers of invoices that are paid, or still open, in the session's ledger."""
    with settings_of(studio.environment) as settings:
        ledger = open_ledger(settings)
    with ledger.read() as uow:
        unpaid = {row.invoice.number for row in uow.invoices.unpaid()}
    numbers = [one.number for one in Overview(ledger.engine).invoices()]
    ledger.close()
    return [number for number in numbers if (number not in unpaid) is paid]


def one_line(result: Result) -> str:
    """The one line that a refused command says on stderr."""
    assert result.exit_code == 1, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.output
    return lines[0].removeprefix("Error: ")
