"""What a command needs opened: the ledger alone, or everything; closed again when the command ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from billing.bootstrap import clock_of, open_ledger

if TYPE_CHECKING:
    from billing.adapters.ledger.overview import Overview
    from billing.adapters.ledger.unit_of_work import SqlLedger
    from billing.ports.outside import Clock
    from billing.settings import Settings


@dataclass(frozen=True)
class Office:
    """The ledger with the settings and the clock: enough to read, and to ask through the command queue."""

    settings: Settings
    ledger: SqlLedger
    overview: Overview
    clock: Clock

    def today(self) -> date:
        """The studio's calendar day."""
        return self.settings.policy.day_of(self.clock.now())


@contextmanager
def open_office() -> Iterator[Office]:
    """Nothing outside is called, so it works while Stripe or VSCO Workspace are down."""
    from billing.adapters.ledger.overview import Overview
    from billing.settings import load_settings

    settings = load_settings()
    ledger = open_ledger(settings)
    try:
        yield Office(settings, ledger, Overview(ledger.engine), clock_of(settings))
    finally:
        ledger.close()
