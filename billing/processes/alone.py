"""One process at a time: a lock on a file, which the kernel lets go of when the last process that holds it is gone."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from billing.domain.errors import PermanentError

_TRIES, _PAUSE_SECONDS = 4, 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock: process, since when (ISO, UTC), and what a person opens (name -> address)."""

    pid: int
    since: str
    addresses: Mapping[str, str]


@contextmanager
def alone(path: Path, addresses: Mapping[str, str], what: str) -> Iterator[int]:
    """The lock's descriptor; who inherits it holds the lock too. PermanentError `runs_already` if it is held.

    `what` is what runs, for people: "`billing up` for this ledger".
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _take(descriptor):
            raise PermanentError("runs_already", _refusal(path, what))
        here = Holder(os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"), addresses)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(here)).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    """Tried more than once: whoever asks who holds it holds it for a moment, too."""
    for _ in range(_TRIES):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_PAUSE_SECONDS)
    return False


def holder(path: Path) -> Holder | None:
    """Who holds the lock now; None if nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    finally:
        os.close(descriptor)
    return None


def _read(path: Path) -> Holder:
    with suppress(OSError, ValueError, TypeError, KeyError):
        found = json.loads(path.read_text(encoding="utf-8"))
        return Holder(int(found["pid"]), str(found["since"]), dict(found["addresses"]))
    return Holder(0, "", {})


def _refusal(path: Path, what: str) -> str:
    there = _read(path)
    if _lives(there.pid):
        open_ = "; ".join(f"{name} {address}" for name, address in there.addresses.items())
        return (
            f"{what} runs already: process {there.pid}, since {there.since} ({open_}). To start it anew, end that one"
            f" first: Ctrl-C where it runs, or `kill {there.pid}`."
        )
    return (
        f"{what} was killed (process {there.pid}) and what it had started is still ending; try again in half a minute."
        f" If that does not help, `fuser {path}` names who holds the lock."
    )


def _lives(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is another user's
    return True
