"""A studio that has been billed once for the whole session, and for each test its own copy of that ledger."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from plain_rounds import ROUND

from billing.bootstrap import open_house, open_ledger
from billing.cli.demo.clients import PayPlan, pay_what_is_due, save_cards
from billing.cli.demo.place import Place, seed_world, settings_of
from billing.cli.demo.world import World
from billing.cli.group import billing
from billing.sandbox.seed import SeedPlan
from billing.sandbox.server import RunningSandbox, running_sandbox

Run = Callable[..., Result]


@dataclass(frozen=True)
class Studio:
    """A world after its first weeks: invoices sent, some paid, drafts waiting in another ledger."""

    sandbox: RunningSandbox
    world: World
    plan: SeedPlan
    environment: dict[str, str]
    directory: Path

    @property
    def automatic(self) -> Path:
        return self.directory / "ledger.db"

    @property
    def review(self) -> Path:
        return self.directory / "review.db"


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    place = Place(tmp_path_factory.mktemp("studio"))
    place.prepare()
    plan, starts_on = seed_world(place, sessions=6, days=90)
    with running_sandbox(place.sandbox_state) as sandbox:
        environment = place.environment(sandbox.url, sandbox.smtp_port, plan, starts_on)
        studio = Studio(sandbox, World(sandbox.url), plan, environment, place.directory)
        _live_through(studio)
        yield studio
        studio.world.close()


def _live_through(studio: Studio) -> None:
    """All sessions completed; drafts in the one ledger, invoices and payments of today in the other."""
    studio.world.set_clock(datetime.now(UTC))
    with settings_of(studio.environment) as settings, open_house(settings) as house:
        save_cards(house, studio.world, studio.plan)
        for job in studio.plan.jobs:
            if job.completes_on:
                studio.world.complete(job.id)
    review = {"BILLING_LEDGER_URL": f"sqlite:///{studio.review}", "BILLING_DELIVERY_MODE": "review"}
    for environment in (studio.environment | review, studio.environment):
        with settings_of(environment) as settings, open_house(settings) as house:
            ROUND["bill_completed_sessions"](house)
    payers = [studio.plan.client_of(studio.plan.difficult(one)) for one in ("hostile_name", "formula_name")]
    pay_what_is_due(studio.world, PayPlan(replace(studio.plan, clients=payers), timedelta(0)))
    with settings_of(studio.environment) as settings, open_house(settings) as house:
        ROUND["apply_stripe_events"](house)


@pytest.fixture
def run(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `billing …` against this test's own copy of the ledger."""
    return _runner(studio, studio.automatic, "automatic", tmp_path, monkeypatch)


@pytest.fixture
def run_in_review(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same where invoices wait as drafts."""
    return _runner(studio, studio.review, "review", tmp_path, monkeypatch)


def _runner(studio: Studio, ledger: Path, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    mine = tmp_path / "ledger.db"
    _copy(ledger, mine)
    changed = {"LEDGER_URL": f"sqlite:///{mine}", "DELIVERY_MODE": mode, "WAREHOUSE_PATH": str(tmp_path / "w.duckdb")}
    environment = studio.environment | {f"BILLING_{name}": value for name, value in changed.items()}
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
            shutil.copyfile(source, mine.with_name(mine.name + suffix))


def invoice_numbers(studio: Studio, paid: bool) -> list[str]:
    """Numbers of invoices that are paid, or still open, in the session's ledger."""
    with settings_of(studio.environment) as settings:
        ledger = open_ledger(settings)
    with ledger.read() as books:
        unpaid = {row.invoice.number for row in books.invoices.unpaid()}
    from billing.adapters.ledger.overview import Overview

    numbers = [one.number for one in Overview(ledger.engine).invoices()]
    ledger.close()
    return [number for number in numbers if (number not in unpaid) is paid]


@pytest.fixture
def open_number(studio: Studio) -> str:
    return invoice_numbers(studio, paid=False)[0]


@pytest.fixture
def paid_number(studio: Studio) -> str:
    return invoice_numbers(studio, paid=True)[0]


def one_line(result: Result) -> str:
    """The one line that a refused command says on stderr."""
    assert result.exit_code == 1, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.output
    return lines[0].removeprefix("Error: ")
