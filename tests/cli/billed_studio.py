"""What the tests of the command line share: a studio that has been billed, and a runner over a copy of its ledger."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from plain_rounds import ROUND

from billing.adapters.ledger.overview import Overview
from billing.bootstrap import open_context, open_ledger
from billing.cli.demo.clients import PayPlan, pay_what_is_due, save_cards
from billing.cli.demo.place import settings_of
from billing.cli.demo.world import World
from billing.cli.group import billing
from billing.sandbox.seed import SeedPlan
from billing.sandbox.server import RunningSandbox

Run = Callable[..., Result]


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
