"""A web-hook door over a ledger of its own, asked in memory, and what Stripe would send to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from doorstep import PINNED, SECRET, Doorstep
from fakes import FakeClock

from billing.adapters.ledger.books import SqlLedger
from billing.adapters.ledger.migrate import migrate
from billing.portal.app import build_portal
from billing.portal.web_hooks import StripeDoor


@pytest.fixture
def empty_ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(ledger.engine)
    yield ledger
    ledger.close()


@pytest.fixture
def doorstep(empty_ledger: SqlLedger) -> Doorstep:
    """A door of a ledger that knows its account."""
    with empty_ledger.write() as books:
        books.desk.pin("stripe_account", PINNED, datetime(2026, 1, 1, tzinfo=UTC))
    clock = FakeClock()
    app = build_portal(StripeDoor(empty_ledger, clock, [SECRET]), ["hooks.example"])
    return Doorstep(app, empty_ledger, clock, httpx.ASGITransport(app))
