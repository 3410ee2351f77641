"""The disks of the ledger and of the figures, as this machine has them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from billing.domain.storage import in_one_line
from billing.ports.disks import Place

_TRIED_BYTES = 64 * 1024  # more than what a file system may keep for its own
_PATIENCE_MS = 2_000  # longer than any transaction of ours lasts


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Disks:
    """Implements ports.disks.Disks. `ledger` is None where it lies on a server."""

    def __init__(
        self,
        ledger: Path | None,
        figures: Path,
        reserve_bytes: int,
        free_bytes: Callable[[Path], int] = _free_bytes,
    ) -> None:
        self._ledger, self._figures = ledger, figures
        self._reserve_bytes, self._free_bytes = reserve_bytes, free_bytes

    def look(self) -> list[Place]:
        """One place for each disk, that of the ledger first."""
        figures = _folder_of(self._figures)
        if self._ledger is None:
            return [self._place("the figures", figures)]
        ledger = _folder_of(self._ledger)
        refused = _try_file(ledger) or _try_ledger(self._ledger)
        if ledger.stat().st_dev == figures.stat().st_dev:
            return [self._place("the ledger and the figures", ledger, refused)]
        return [self._place("the ledger", ledger, refused), self._place("the figures", figures)]

    def _place(self, holds: str, folder: Path, refused: str | None = None) -> Place:
        return Place(holds, str(folder), self._free_bytes(folder), self._reserve_bytes, refused)


def _folder_of(path: Path) -> Path:
    """The folder where it lies, or will lie."""
    return next(folder for folder in path.parents if folder.is_dir())


def _try_file(folder: Path) -> str | None:
    """Write a little to the disk, and take it back: what the system says against it. Free space says nothing of quotas,
    rights, and file systems that were mounted read-only after an error."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_TRIED_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return in_one_line(error.strerror or error)
    return None


def _try_ledger(path: Path) -> str | None:
    """Take the right to write to the ledger, and let go of it: what SQLite says against it."""
    import pysqlite3.dbapi2 as driver

    if not path.exists():
        return None
    try:
        with closing(driver.connect(f"file:{path}?mode=rw", uri=True, isolation_level=None)) as connection:
            connection.execute(f"pragma busy_timeout = {_PATIENCE_MS}")
            connection.execute("begin immediate")
            connection.execute("rollback")
    except driver.Error as error:
        return in_one_line(error)
    return None
