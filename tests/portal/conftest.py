"""A web-hook endpoint over a ledger of its own, asked in memory, and what Stripe would send to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fakes import FakeClock
from web_hook_deliveries import PINNED, SECRET, Endpoint

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.portal.app import build_portal
from billing.portal.web_hooks import StripeWebHook


@pytest.fixture
def empty_ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(ledger.engine)
    yield ledger
    ledger.close()


@pytest.fixture
def endpoint(empty_ledger: SqlLedger) -> Endpoint:
    """An endpoint of a ledger that knows its account."""
    with empty_ledger.write() as uow:
        uow.operations.pin("stripe_account", PINNED, datetime(2026, 1, 1, tzinfo=UTC))
    clock = FakeClock()
    app = build_portal(StripeWebHook(empty_ledger, clock, [SECRET]), ["hooks.example"])
    return Endpoint(app, empty_ledger, clock, httpx.ASGITransport(app))
