"""A fresh ledger for each test over one engine: SQLAlchemy compiles a statement once for each engine.

An engine of its own for each test compiled the same statements again and again, for a third of the services' time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger


class ThrowawayLedgers:
    """One SQLite file that is made anew from a migrated template, and one engine that opens it."""

    def __init__(self, folder: Path) -> None:
        self._template, self.path = folder / "template.db", folder / "now" / "ledger.db"
        ledger = SqlLedger(f"sqlite:///{self._template}")
        migrate(ledger.engine)
        ledger.close()
        self.path.parent.mkdir()
        self._ledger = SqlLedger(f"sqlite:///{self.path}")

    def renew(self) -> Path:
        """A migrated ledger without any fact, where the one before was."""
        self._ledger.close()  # no connection may hold on to the file that goes
        shutil.rmtree(self.path.parent, ignore_errors=True)
        self.path.parent.mkdir()
        return Path(shutil.copy(self._template, self.path))

    def opened(self) -> SqlLedger:
        return self._ledger


@contextmanager
def throwaway_ledgers(folder: Path) -> Iterator[ThrowawayLedgers]:
    ledgers = ThrowawayLedgers(folder)
    yield ledgers
    ledgers.opened().close()
