"""Real processes that are killed: what dies comes back, and nothing outlives the supervisor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from billing.processes import guardian
from billing.processes.supervisor import Death, Server, Supervisor

PATIENCE_SECONDS = 60
# Servers of shell and Python: each says its pid in a file; "tree" has a child of its own, "deaf" hears no SIGTERM.
SCRIPT = """
import json, sys
from pathlib import Path
from billing.processes.supervisor import Server, Supervisor

here, grace, names = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
COMMANDS = {
    "plain": ("sh", "-c", f"echo $$ > {here}/plain; exec sleep 300"),
    "other": ("sh", "-c", f"echo $$ > {here}/other; exec sleep 300"),
    "tree": ("sh", "-c", f"echo $$ > {here}/tree; sleep 300 & echo $! > {here}/grandchild; wait"),
    "deaf": (sys.executable, "-c", f"{ignore} open('{here}/deaf', 'w').write(str(__import__('os').getpid()));"
             "time.sleep(300)"),
    "brief": ("sh", "-c", f"echo x >> {here}/brief; exit 3"),
    "done": ("sh", "-c", f"echo said; echo x >> {here}/done"),
    "absent": (str(here / "no such program"),),
    "orders": ("sh", "-c", f"kill -INT $PPID; echo $$ > {here}/orders; exec sleep 300"),
}

def died(death):
    with open(here / "deaths", "a") as file:
        print(json.dumps([death.server, death.exit_code, death.signal, death.pause_seconds]), file=file)

with open(here / "lock", "w") as lock:
    import fcntl
    fcntl.flock(lock, fcntl.LOCK_EX)
    servers = [Server(name, COMMANDS[name], directory=here, may_end=name == "done") for name in names]
    env = {"PATH": "/usr/bin:/bin"}
    Supervisor(servers, env, here / "logs", held=[lock.fileno()], on_death=died, grace_seconds=grace).run()
"""


@dataclass
class Supervised:
    here: Path
    process: subprocess.Popen[str]

    def pid(self, name: str) -> int:
        """Of the server with this name, as soon as it has said it."""
        path = self.here / name
        assert until(lambda: path.exists() and path.read_text().strip() != ""), f"{name} has not begun"
        return int(path.read_text())

    def next_pid(self, name: str, last: int) -> int:
        assert until(lambda: self.pid(name) != last), f"{name} did not come back"
        return self.pid(name)

    def deaths(self) -> list[list[object]]:
        path = self.here / "deaths"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def guardian(self) -> int | None:
        """Its pid; None between the death of one and the start of the next."""
        children = psutil.Process(self.process.pid).children()
        return next((one.pid for one in children if guardian.__file__ in one.cmdline()), None)

    def is_locked(self) -> bool:
        held = subprocess.run(["flock", "--nonblock", str(self.here / "lock"), "true"], check=False)
        return held.returncode != 0


Start = Callable[..., Supervised]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    begun: list[subprocess.Popen[str]] = []

    def supervise(*names: str, grace: float = 20) -> Supervised:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path), str(grace), *names],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        begun.append(process)
        return Supervised(tmp_path, process)

    yield supervise
    for process in begun:
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


def until(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def all_gone(*pids: int) -> bool:
    return until(lambda: not any(map(is_alive, pids)))


def test_one_server_that_is_killed_comes_back_and_the_others_do_not_notice(start: Start) -> None:
    supervised = start("plain", "other")
    first, other = supervised.pid("plain"), supervised.pid("other")

    os.kill(first, signal.SIGKILL)

    assert is_alive(supervised.next_pid("plain", first))
    assert supervised.pid("other") == other
    assert is_alive(other)
    assert supervised.deaths() == [["plain", None, signal.SIGKILL, 1.0]]


def test_what_a_dead_server_had_started_is_ended_before_it_comes_back(start: Start) -> None:
    supervised = start("tree")
    first, grandchild = supervised.pid("tree"), supervised.pid("grandchild")

    os.kill(first, signal.SIGKILL)
    supervised.next_pid("tree", first)

    assert not is_alive(grandchild)


def test_what_dies_at_once_each_time_is_left_longer_each_time(start: Start) -> None:
    supervised = start("brief", "absent")

    assert until(lambda: len(supervised.deaths()) >= 6)
    deaths = {name: [death[1:] for death in supervised.deaths() if death[0] == name] for name in ("brief", "absent")}
    assert deaths["brief"][:3] == [[3, None, 1.0], [3, None, 2.0], [3, None, 4.0]]
    assert len(deaths["absent"]) >= 2


def test_one_that_may_end_is_left_alone_when_it_has_done_its_work(start: Start) -> None:
    supervised = start("done")
    supervised.process.wait(PATIENCE_SECONDS)

    assert supervised.process.returncode == 0
    assert supervised.deaths() == []
    assert (supervised.here / "logs" / "done.log").read_text() == "said\n"
    assert (supervised.here / "done").read_text() == "x\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_grandchildren_too(start: Start, number: int) -> None:
    supervised = start("tree", "plain")
    pids = [supervised.pid(name) for name in ("tree", "grandchild", "plain")]

    supervised.process.send_signal(number)
    said, _ = supervised.process.communicate(timeout=PATIENCE_SECONDS)

    assert supervised.process.returncode == 0, said
    assert all_gone(*pids)
    assert not supervised.is_locked()


def test_a_signal_while_servers_are_being_started_stops_all(start: Start) -> None:
    supervised = start("orders", "tree", "plain")
    said, _ = supervised.process.communicate(timeout=PATIENCE_SECONDS)

    assert supervised.process.returncode == 0, said
    assert "Traceback" not in said
    assert not supervised.is_locked()


def test_one_that_does_not_want_to_end_is_made_to_after_a_grace(start: Start) -> None:
    supervised = start("deaf", grace=1)
    deaf = supervised.pid("deaf")

    supervised.process.terminate()
    supervised.process.wait(PATIENCE_SECONDS)

    assert all_gone(deaf)


def test_a_second_ctrl_c_is_the_end_of_patience(start: Start) -> None:
    supervised = start("deaf", grace=300)
    deaf = supervised.pid("deaf")

    supervised.process.send_signal(signal.SIGINT)
    assert until(lambda: not is_alive(deaf) or supervised.process.send_signal(signal.SIGINT) is not None)

    assert supervised.process.wait(PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("names", [("tree", "plain"), ("deaf", "tree")])
def test_when_the_supervisor_is_killed_all_that_it_started_ends_and_then_the_lock_is_free(
    start: Start, names: tuple[str, ...]
) -> None:
    supervised = start(*names, grace=2)
    pids = [supervised.pid(name) for name in (*names, "grandchild")]
    assert supervised.is_locked()

    supervised.process.kill()

    assert all_gone(*pids)
    assert until(lambda: not supervised.is_locked())


def test_the_lock_is_held_while_anything_is_still_ending(start: Start) -> None:
    supervised = start("deaf", grace=300)
    deaf, keeper = supervised.pid("deaf"), supervised.guardian()
    supervised.process.kill()
    supervised.process.wait()

    assert supervised.is_locked()

    for pid in (deaf, keeper):
        os.kill(pid, signal.SIGKILL)
    assert until(lambda: not supervised.is_locked())


def test_a_guardian_that_is_killed_is_replaced_and_knows_all_that_runs(start: Start) -> None:
    supervised = start("tree", "deaf", grace=2)
    pids = [supervised.pid(name) for name in ("tree", "grandchild", "deaf")]
    first = supervised.guardian()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert until(lambda: not is_alive(first) and supervised.guardian() not in (None, first))

    supervised.process.kill()

    assert all_gone(*pids)


def test_the_guardian_alone_ends_groups_where_no_kernel_tells_their_leaders(tmp_path: Path) -> None:
    """As on a system without PR_SET_PDEATHSIG: the pipe's end is all that it hears."""
    groups = [subprocess.Popen(["sh", "-c", "sleep 300 & wait"], start_new_session=True) for _ in range(2)]
    kept = subprocess.Popen(["sleep", "300"], start_new_session=True)
    keeper = subprocess.Popen([sys.executable, "-I", "-S", guardian.__file__, "5"], stdin=subprocess.PIPE, text=True)
    assert keeper.stdin is not None
    keeper.stdin.write("".join(f"+{one.pid}\n" for one in (*groups, kept)) + f"-{kept.pid}\n")
    keeper.stdin.close()

    assert [one.wait(PATIENCE_SECONDS) for one in groups] == [-signal.SIGTERM] * 2
    assert kept.poll() is None
    kept.kill()
    kept.wait()
    keeper.wait(PATIENCE_SECONDS)


def test_logs_are_their_owners_alone_and_do_not_grow_for_ever(start: Start, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "done.log").write_bytes(b"x" * 10_000_001)

    start("done").process.wait(PATIENCE_SECONDS)

    assert (logs / "done.log.1").stat().st_size == 10_000_001
    assert (logs / "done.log").read_text() == "said\n"
    assert (logs / "done.log").stat().st_mode & 0o777 == 0o600


def test_a_server_that_had_died_is_said_to_be_well_again_after_ten_minutes(tmp_path: Path) -> None:
    deaths: list[Death] = []
    well: list[str] = []
    second_life = f"test -e {tmp_path}/lived && exec sleep 300; touch {tmp_path}/lived"
    once = Server("plain", ("sh", "-c", second_life), directory=tmp_path)
    supervisor = Supervisor([once], {"PATH": "/usr/bin:/bin"}, tmp_path, on_death=deaths.append, on_steady=well.append)
    now = 0.0

    def check() -> None:
        """The supervisor's own looks come in between, by a clock that stands where ours began."""
        nonlocal now
        if deaths and (tmp_path / "lived").exists() and not well:
            supervisor.look(time.monotonic() + now)
            now += 200
        if well:
            os.kill(os.getpid(), signal.SIGTERM)

    supervisor.run(check)

    assert [(death.exit_code, death.pause_seconds) for death in deaths] == [(0, 1.0)]
    assert well == ["plain"]
