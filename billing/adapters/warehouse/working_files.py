"""The warehouse's own files on the disk: how much of it they may take, and that nothing is left lying.

They can all be made anew from the ledger, which cannot; so they give way to it, and stay clear of the last of the disk.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from billing.domain.errors import TemporaryError
from billing.domain.published_file import previous_of

MEGABYTE = 1_000_000


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class WorkingFiles:
    """`building` holds the raw tables and all relations, `published` is what readers open, `previous` what they opened
    before. What is being written has a name of its own beside each, until it is whole. `reserve_bytes` stay free.
    """

    building: Path
    published: Path
    reserve_bytes: int = 0
    free: Callable[[Path], int] = free_bytes

    @property
    def extracting(self) -> Path:
        return self.building.with_suffix(".fresh")

    @property
    def publishing(self) -> Path:
        return self.published.with_suffix(".fresh")

    @property
    def previous(self) -> Path:
        return previous_of(self.published)

    def sweep(self) -> None:
        """Delete what was begun and is not whole: of a step that failed, or that a crash left."""
        for path in (self.extracting, self.publishing):
            remove(path)
        for path in (self.building, self.extracting, self.publishing):
            shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)  # where DuckDB puts what is too large

    def give_way(self) -> None:
        """Delete all that is not the published file itself."""
        self.sweep()
        remove(self.building)
        remove(self.previous)

    def left(self, beside: Path) -> int:
        """How many bytes may be written there."""
        return max(0, self.free(beside.parent) - self.reserve_bytes)

    def require(self, target: Path, needed_bytes: int, expendable: Sequence[Path]) -> int:
        """How many bytes may be written to `target`; where it needs more, `expendable` files are deleted for it.

        TemporaryError `no_room`, and nothing but the published file is kept, if that is not enough.
        """
        needed_bytes = max(needed_bytes, MEGABYTE)
        for path in expendable:
            if self.left(target) < needed_bytes:
                remove(path)
        if self.left(target) < needed_bytes:
            self.give_way()
            raise self.no_room(target)
        return self.left(target)

    def no_room(self, target: Path) -> TemporaryError:
        free, kept = self.free(target.parent) // MEGABYTE, self.reserve_bytes // MEGABYTE
        return TemporaryError(
            "no_room",
            f"The figures are not made anew: {free:,} MB are free at {target.parent}, and {kept:,} MB stay free for the"
            " ledger (BILLING_DISK_RESERVE_MB). Make room there; until then the last figures are shown.",
        )

    def keep_previous(self) -> None:
        """The published file under a second name, before another takes its place; where there are no links, none is."""
        remove(self.previous)
        with suppress(OSError):
            os.link(self.published, self.previous)


def size(path: Path) -> int:
    """In bytes; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def remove(path: Path) -> None:
    """The file, and the log that DuckDB may have left beside it: it must never meet another file of that name."""
    path.unlink(missing_ok=True)
    write_ahead_log(path).unlink(missing_ok=True)


def write_ahead_log(path: Path) -> Path:
    return path.with_name(path.name + ".wal")
