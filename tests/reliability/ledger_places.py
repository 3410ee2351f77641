"""Where the proofs' ledgers lie: in memory where the machine allows it, each a copy of one migrated template."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger

_MEMORY = Path("/dev/shm")


class Places:
    """A folder in memory that is gone afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)
        self._template = folder / "template.db"
        ledger = SqlLedger(f"sqlite:///{self._template}")
        migrate(ledger.engine)
        ledger.close()

    def room(self) -> Path:
        """An empty folder."""
        room = self.folder / str(next(self._numbers))
        room.mkdir()
        return room

    def ledger_file(self) -> Path:
        """A migrated ledger without any fact."""
        return Path(shutil.copy(self._template, self.room() / "ledger.db"))

    def leave(self, room: Path) -> None:
        shutil.rmtree(room)


@contextmanager
def places() -> Iterator[Places]:
    with tempfile.TemporaryDirectory(prefix="ledgers", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Places(Path(folder))
