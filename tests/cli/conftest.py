"""A studio that has been billed once for the whole session, and for each test its own copy of that ledger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from billed_studio import Run, Studio, invoice_numbers, live_in, move_ledgers, runner_over, studio_in
from built_once import built_once


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Its weeks are lived through once in a run; each worker goes on from there in a world of its own."""
    lived, mine = built_once(tmp_path_factory, "billed-studio", live_in), tmp_path_factory.mktemp("studio")
    shutil.copytree(lived, mine, dirs_exist_ok=True)
    with studio_in(mine) as studio:
        move_ledgers(studio)
        yield replace(studio, oracle=studio.world.oracle())


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
