"""A studio that has been billed once for the whole session, and for each test its own copy of that ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from billed_studio import Run, Studio, invoice_numbers, live_through, runner_over
from strangers import seed_with_strangers

from billing.cli.demo.place import Place, seed_world
from billing.cli.demo.world import World
from billing.sandbox.server import running_sandbox


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    place = Place(tmp_path_factory.mktemp("studio"))
    place.prepare()
    plan, starts_on = seed_world(place, sessions=6, days=90, seed=seed_with_strangers)
    with running_sandbox(place.sandbox_state) as sandbox:
        environment = place.environment(sandbox.url, sandbox.smtp_port, plan, starts_on)
        environment["BILLING_AUTOPAY_NOTICE_DAYS"] = "0"  # its one day sees cards charged
        studio = Studio(sandbox, World(sandbox.url), plan, environment, place.directory)
        live_through(studio)
        yield replace(studio, oracle=studio.world.oracle())
        studio.world.close()


@pytest.fixture
def run(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `billing …` against this test's own copy of the ledger."""
    return runner_over(studio, studio.automatic, "automatic", tmp_path, monkeypatch)


@pytest.fixture
def run_in_review(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same where invoices wait as drafts."""
    return runner_over(studio, studio.review, "review", tmp_path, monkeypatch)


@pytest.fixture
def open_number(studio: Studio) -> str:
    return invoice_numbers(studio, paid=False)[0]


@pytest.fixture
def paid_number(studio: Studio) -> str:
    return invoice_numbers(studio, paid=True)[0]
