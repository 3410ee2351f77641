"""One migrated ledger for the whole session, and a copy of it around which each test builds its studio."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from promises import broken_promises
from studio import Studio

from billing.adapters.ledger.books import SqlLedger
from billing.adapters.ledger.migrate import migrate


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    ledger = SqlLedger(f"sqlite:///{path}")
    migrate(ledger.engine)
    ledger.close()
    return path


@pytest.fixture
def ledger_path(migrated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated, tmp_path / "ledger.db"))


@pytest.fixture
def studio(ledger_path: Path) -> Iterator[Studio]:
    ledger = SqlLedger(f"sqlite:///{ledger_path}")
    yield Studio.around(ledger)
    ledger.close()


@pytest.fixture
def promises_are_kept(studio: Studio) -> Iterator[None]:
    """Whatever a test lets happen, every sentence of sql/checks is true afterwards."""
    yield
    assert broken_promises(studio) == {}


@pytest.fixture
def paid(studio: Studio) -> Studio:
    """500.00 EUR by link, recorded; Stripe kept nothing."""
    studio.session()
    studio.round()
    studio.pay_on_page()
    studio.round()
    return studio
