"""Files with names, money or keys in them are their owner's alone: 0600, in folders of 0700."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

_OTHERS = 0o077


def keep_files_private() -> None:
    """For every entrance: whatever this process and its children make from now on is their owner's alone."""
    os.umask(_OTHERS)


def open_to_others(paths: Iterable[Path]) -> list[Path]:
    """Those that somebody else on this machine can read, change or enter."""
    return [path for path in paths if path.exists() and stat.S_IMODE(path.stat().st_mode) & _OTHERS]


def close_to_others(paths: Iterable[Path]) -> list[Path]:
    """Take everybody else's rights away; those that were changed. What is another user's is left as it is."""
    changed = [path for path in open_to_others(paths) if path.stat().st_uid == os.geteuid()]
    for path in changed:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)
    return changed


def everything_in(folder: Path) -> Iterator[Path]:
    """The folder itself and all below it; links lead nowhere."""
    if folder.is_dir() and not folder.is_symlink():
        yield folder
        for place, folders, files in os.walk(folder):
            found = (Path(place, name) for name in (*folders, *files))
            yield from (path for path in found if not path.is_symlink())
