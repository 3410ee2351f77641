"""A moment on the monotonic clock in a small locked file, for the processes of one machine."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SIZE = 64  # bytes: the boot's name, the moment, and spaces
# The lock is held for microseconds. Somebody who was stopped while holding it must not stop everybody.
_LOCK_TRIES, _LOCK_PAUSE_SECONDS = 200, 0.005

# Of the moment kept and the moment now: (the moment to keep, the answer).
Change = Callable[[int, int], tuple[int, int]]


class SharedMoment:
    """Nanoseconds on time.monotonic_ns.

    What the file holds from before the last boot, what is no moment, and what lies further ahead than anybody may put
    it counts as nothing. Where there can be no file, the process keeps the moment for itself.
    """

    def __init__(self, path: Path | None, furthest_ns: int) -> None:
        self._path, self._furthest_ns = path, furthest_ns
        self._own = 0
        self._lock = threading.Lock()
        self._boot = _boot()

    def change(self, now: Callable[[], int], change: Change) -> int:
        """Read, change and keep the moment while nobody else does; returns the answer."""
        with self._lock:
            try:
                return self._change_file(now, change)
            except OSError:
                return self._keep(None, now(), self._own, change)

    def _change_file(self, now: Callable[[], int], change: Change) -> int:
        if self._path is None:
            return self._keep(None, now(), self._own, change)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            _take_lock(file)
            at = now()
            return self._keep(file, at, max(self._own, self._read(file, at)), change)
        finally:
            os.close(file)

    def _keep(self, file: int | None, now: int, kept: int, change: Change) -> int:
        self._own, answer = change(kept, now)
        if file is not None and self._own != kept:
            with suppress(OSError):  # a full disk: our own moment holds all the same
                os.pwrite(file, f"{self._boot} {self._own}".ljust(_SIZE).encode(), 0)
        return answer

    def _read(self, file: int, now: int) -> int:
        boot, _, moment = os.pread(file, _SIZE, 0).decode("ascii", "replace").rstrip().rpartition(" ")
        if boot != self._boot or not (moment.isascii() and moment.isdigit()):
            return 0
        return int(moment) if int(moment) <= now + self._furthest_ns else 0


def _take_lock(file: int) -> None:
    """OSError if it cannot be had in a second."""
    for _ in range(_LOCK_TRIES):
        with suppress(BlockingIOError):
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(_LOCK_PAUSE_SECONDS)
    raise OSError("the file is locked by somebody who does not let go")


def _boot() -> str:
    """Names this start of the machine, where its clock of moments began."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "boot"
