"""A fresh ledger around which each test builds its studio."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from promises import broken_promises
from studio import Studio
from throwaway_ledgers import ThrowawayLedgers, throwaway_ledgers


@pytest.fixture(scope="session")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThrowawayLedgers]:
    with throwaway_ledgers(tmp_path_factory.mktemp("ledgers")) as ledgers:
        yield ledgers


@pytest.fixture
def ledger_path(ledgers: ThrowawayLedgers) -> Path:
    return ledgers.renew()


@pytest.fixture
def studio(ledger_path: Path, ledgers: ThrowawayLedgers) -> Studio:
    return Studio.around(ledgers.opened())


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
