"""The supervisor: starts servers, starts those that die again, and ends all of them with itself.

Three things see to the last. A signal to the supervisor ends each server's whole process group. When the supervisor is
killed, the kernel tells the servers (`child`), and the guardian ends their groups, grandchildren too. What they hold
open, such as the lock of the ledger, is let go of when the last one is gone.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from billing.processes import child, guardian
from billing.processes.restarts import WELL_AGAIN_SECONDS, pause

GRACE_SECONDS = 20.0  # Dagster's daemon finishes the run that it is in
LOG_BYTES_AT_MOST = 10_000_000
LIVES_KEPT = 20  # the pause has long come to its longest
_LOOK_EVERY_SECONDS = 0.2
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BE_GIVEN_ORPHANS = 36  # prctl(2), PR_SET_CHILD_SUBREAPER
_BARE = (sys.executable, "-I", "-S")


@dataclass(frozen=True)
class Server:
    """One process: what it is called, how and where it is started, and what answers when it is up.

    `quiet` ones write into their log: the terminal is for what a person wants to read. One that `may_end` has done its
    work when it ends well.
    """

    name: str
    command: Sequence[str]
    answers_at: str | None = None
    quiet: bool = True
    directory: Path = Path()
    may_end: bool = False


@dataclass(frozen=True)
class Death:
    """A server ended that should not: with a code, by a signal, or neither, where it could not be started at all."""

    server: str
    exit_code: int | None
    signal: int | None
    lived_seconds: float
    pause_seconds: float


@dataclass
class _Watched:
    """A server and what became of it. At most one of `process`, `group` (what is left of it) and `start_at` counts."""

    server: Server
    process: subprocess.Popen[bytes] | None = None
    group: int | None = None
    group_since: float = 0.0
    started_at: float = 0.0
    start_at: float | None = 0.0
    lives: list[float] = field(default_factory=list)

    @property
    def whole_group(self) -> int | None:
        """The process group that runs, or that is being cleared away."""
        return self.process.pid if self.process else self.group

    @property
    def is_over(self) -> bool:
        return self.process is None and self.group is None and self.start_at is None


def _tell_nobody(_what: object) -> None: ...


class Supervisor:
    """`held`: descriptors that every process keeps open. `on_death` is told of each death; it must not wait.

    `on_steady` is told when a server that had died has been well again for ten minutes.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        env: Mapping[str, str],
        logs: Path,
        *,
        held: Sequence[int] = (),
        on_death: Callable[[Death], None] = _tell_nobody,
        on_steady: Callable[[str], None] = _tell_nobody,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._watched = [_Watched(server) for server in servers]
        self._env, self._logs, self._held = dict(env), logs, tuple(held)
        self._on_death, self._on_steady, self._grace_seconds = on_death, on_steady, grace_seconds
        self._guardian: subprocess.Popen[bytes] | None = None
        self._orders_to_end = 0

    def run(self, check: Callable[[], None] = lambda: None) -> None:
        """Until a signal, or until all that `may_end` have. `check` is called often, and ends all by raising."""
        with _woken_by_signals(self._order_to_end) as wake:
            try:
                while not self._is_done():
                    check()
                    self.look(time.monotonic())
                    select.select([wake], [], [], _LOOK_EVERY_SECONDS)
                    _drain(wake)
            finally:
                self._end_all()

    def look(self, now: float) -> None:
        """One step for each server: what has ended is cleared away, then started when its time has come."""
        self._keep_a_guardian()
        for one in self._watched:
            if one.process is not None:
                self._look_at_running(one, one.process, now)
            elif one.group is not None:
                self._clear_away(one, one.group, now)
            elif one.start_at is not None and now >= one.start_at and not self._orders_to_end:
                self._start(one, now)
        _reap_orphans({one.process.pid for one in self._watched if one.process} | self._guardians())

    def _order_to_end(self) -> None:
        self._orders_to_end += 1

    def _is_done(self) -> bool:
        return bool(self._orders_to_end) or all(one.is_over for one in self._watched)

    def _start(self, one: _Watched, now: float) -> None:
        one.started_at, one.start_at = now, None
        try:
            one.process = self._spawn(one.server)
        except OSError:
            self._count(one, None, now)
            return
        one.group = None
        self._tell_guardian(f"+{one.process.pid}")

    def _spawn(self, server: Server) -> subprocess.Popen[bytes]:
        command = [*_BARE, child.__file__, str(os.getpid()), *server.command]
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(self._log(server)) if server.quiet else None
            return subprocess.Popen(
                command, env=self._env, cwd=server.directory, stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT if out else None, start_new_session=True, pass_fds=self._held,
            )  # fmt: skip

    @contextlib.contextmanager
    def _log(self, server: Server) -> Iterator[int]:
        """Appended to, for its owner alone; the one before is kept when it has grown long."""
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._logs / f"{server.name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES_AT_MOST:
            path.replace(path.with_suffix(".log.1"))
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _look_at_running(self, one: _Watched, process: subprocess.Popen[bytes], now: float) -> None:
        code = process.poll()
        if code is None:
            if one.lives and now - one.started_at >= WELL_AGAIN_SECONDS:
                one.lives.clear()
                self._on_steady(one.server.name)
            return
        one.process, one.group, one.group_since = None, process.pid, now
        guardian.send(process.pid, signal.SIGTERM)  # what it had started does not go on without it
        if not (one.server.may_end and code == 0):
            self._count(one, code, now)

    def _count(self, one: _Watched, code: int | None, now: float) -> None:
        one.lives = [*one.lives[-LIVES_KEPT:], now - one.started_at]
        seconds = pause(one.lives)
        one.start_at = now + seconds
        ended_by = -code if code is not None and code < 0 else None
        exit_code = None if ended_by is not None else code
        self._on_death(Death(one.server.name, exit_code, ended_by, one.lives[-1], seconds))

    def _clear_away(self, one: _Watched, group: int, now: float) -> None:
        if guardian.send(group, 0) and now - one.group_since < self._grace_seconds:
            return
        guardian.send(group, signal.SIGKILL)
        self._tell_guardian(f"-{group}")
        one.group = None

    def _end_all(self) -> None:
        """Ask, wait, and make them; a second order is the end of waiting."""
        for one in self._watched:
            one.start_at = None
            if one.whole_group is not None:
                guardian.send(one.whole_group, signal.SIGTERM)
        deadline = time.monotonic() + self._grace_seconds
        while self._living() and time.monotonic() < deadline and self._orders_to_end < 2:
            time.sleep(_LOOK_EVERY_SECONDS / 2)
        for group in self._living():
            guardian.send(group, signal.SIGKILL)
        for one in self._watched:
            if one.process is not None:
                one.process.wait()
        self._dismiss_guardian()

    def _living(self) -> list[int]:
        groups = [one.whole_group for one in self._watched]
        for one in self._watched:
            if one.process is not None:
                one.process.poll()
        _reap_orphans({one.process.pid for one in self._watched if one.process} | self._guardians())
        return [group for group in groups if group is not None and guardian.send(group, 0)]

    def _keep_a_guardian(self) -> None:
        """One that was killed is replaced, and told anew of all."""
        if self._guardian is not None and self._guardian.poll() is None:
            return
        command = [*_BARE, guardian.__file__, str(self._grace_seconds)]
        try:
            self._guardian = subprocess.Popen(
                command, stdin=subprocess.PIPE, env=self._env, start_new_session=True, pass_fds=self._held
            )
        except OSError:  # the machine has no room for it now; the next look tries again
            self._guardian = None
            return
        for one in self._watched:
            if one.whole_group is not None:
                self._tell_guardian(f"+{one.whole_group}")

    def _tell_guardian(self, line: str) -> None:
        if self._guardian is not None and self._guardian.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it is gone: the next look replaces it
                self._guardian.stdin.write(f"{line}\n".encode())
                self._guardian.stdin.flush()

    def _dismiss_guardian(self) -> None:
        if self._guardian is not None and self._guardian.stdin is not None:
            for one in self._watched:
                if one.whole_group is not None and not guardian.send(one.whole_group, 0):
                    self._tell_guardian(f"-{one.whole_group}")
            self._guardian.stdin.close()
            self._guardian.wait()

    def _guardians(self) -> set[int]:
        return {self._guardian.pid} if self._guardian else set()


@contextlib.contextmanager
def _woken_by_signals(order_to_end: Callable[[], None]) -> Iterator[int]:
    """A descriptor that can be read when a signal came, a child's end too. One to end calls `order_to_end`."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_BE_GIVEN_ORPHANS, 1)  # else nobody may be there to bury what our servers leave

    def ordered(_number: int, _frame: FrameType | None) -> None:
        order_to_end()

    wake, alarm = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(alarm, False)
    before = {number: signal.signal(number, ordered) for number in _ENDS}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
    woken_before = signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    try:
        yield wake
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(wake)
        os.close(alarm)


def _drain(wake: int) -> None:
    with contextlib.suppress(BlockingIOError):
        os.read(wake, 512)


def _reap_orphans(ours: set[int]) -> None:
    """Bury what came to us when its parent died, and nothing that a `Popen` of ours waits for."""
    if not hasattr(os, "waitid"):
        return
    with contextlib.suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if found.si_pid in ours:
                return
            os.waitpid(found.si_pid, 0)
