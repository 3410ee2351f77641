"""The servers are started together, and none of them outlives the supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from billing.cli.demo import wait_for
from billing.cli.demo.live import servers_of
from billing.cli.demo.place import Place
from billing.cli.greeting import greet
from billing.cli.ports import Ports
from billing.cli.supervisor import answers, wait_until_all_answer
from billing.cli.up import _servers
from billing.domain.errors import PermanentError
from billing.sandbox.server import running_sandbox

# Two servers, one of which has a child of its own, as Dagster's daemon has.
_SCRIPT = """
import sys
from pathlib import Path
from billing.cli.supervisor import Server, supervise
here = Path(sys.argv[1])
tree = ("sh", "-c", f"sleep 300 & echo $! > {here}/grandchild; echo $$ > {here}/child; wait")
servers = [Server("tree", tree, directory=here), Server("other", sys.argv[2:], quiet=False, directory=here)]
supervise(servers, {"PATH": "/usr/bin:/bin"}, here / "logs")
"""


def _supervise(tmp_path: Path, *other: str, script: str = _SCRIPT) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), *other],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _until(holds: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def _pid(path: Path) -> int:
    assert _until(lambda: path.exists() and bool(path.read_text().strip()))
    return int(path.read_text())


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_ctrl_c_stops_everything_grandchildren_too(tmp_path: Path) -> None:
    supervisor = _supervise(tmp_path, "sleep", "300")
    pids = [_pid(tmp_path / "child"), _pid(tmp_path / "grandchild")]

    supervisor.send_signal(signal.SIGINT)
    said, _ = supervisor.communicate(timeout=20)

    assert supervisor.returncode == 0, said
    assert _until(lambda: not any(map(_is_alive, pids)))


def test_ctrl_c_before_all_have_started_stops_them_when_they_have(tmp_path: Path) -> None:
    begun_at_once = "from honcho.manager import Manager\nimport os, signal\nstart = Manager._start\n"
    begun_at_once += "Manager._start = lambda self: (start(self), os.kill(os.getpid(), signal.SIGINT))\n"
    supervisor = _supervise(tmp_path, "sleep", "300", script=begun_at_once + _SCRIPT)
    said, _ = supervisor.communicate(timeout=20)

    assert supervisor.returncode == 0, said
    assert "Traceback" not in said


def test_when_one_server_ends_all_are_stopped_and_it_is_said(tmp_path: Path) -> None:
    supervisor = _supervise(tmp_path, "sh", "-c", f"until [ -s {tmp_path}/grandchild ]; do sleep 0.1; done; exit 3")
    said, _ = supervisor.communicate(timeout=20)

    assert supervisor.returncode == 1
    assert "A server ended by itself" in said
    assert _until(lambda: not _is_alive(_pid(tmp_path / "grandchild")))


def test_what_a_quiet_server_prints_is_in_its_log(tmp_path: Path) -> None:
    supervisor = _supervise(tmp_path, "sleep", "0.3")
    supervisor.communicate(timeout=20)

    assert (tmp_path / "logs" / "tree.log").exists()


def test_addresses_are_shown_when_they_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        greet(tmp_path, {"sandbox": (f"{sandbox.url}/health", sandbox.url)})

    assert capsys.readouterr().out.splitlines()[2].split() == ["sandbox", sandbox.url]
    assert not answers(f"{sandbox.url}/health")


def test_who_does_not_answer_is_named_with_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.cli.supervisor._PATIENCE_SECONDS", 0)

    with pytest.raises(PermanentError, match=r"dagster does not answer at .*; see .*dagster\.log"):
        wait_until_all_answer({"dagster": "http://127.0.0.1:1/"}, tmp_path)


def test_the_daemon_begins_when_its_file_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _path, command: began.append(command))
    monkeypatch.setattr("time.sleep", lambda _: (tmp_path / "live").touch())

    wait_for.main([str(tmp_path / "live"), "daemon", "run"])

    assert began == [["daemon", "run"]]


def test_the_test_client_is_not_fooled_by_an_error_page(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        assert httpx.get(f"{sandbox.url}/none").status_code == 404
        assert not answers(f"{sandbox.url}/none")


def test_every_server_of_up_and_of_the_demo_is_told_to_listen_on_loopback_only(tmp_path: Path) -> None:
    ports, place = Ports(18800, 18825, 13000, 18501, 18600), Place(tmp_path)
    place.prepare()
    servers = [*servers_of(place, ports), *_servers(ports, tmp_path, has_door=True)]
    commands = {one.name: list(one.command) for one in servers}

    assert _word_after(commands["dagster"], "--host") == "127.0.0.1"
    assert _word_after(commands["dashboard"], "--host") == "127.0.0.1"
    assert _word_after(commands["portal"], "--host") == "127.0.0.1"
    listening = {"sandbox", "dagster", "dashboard", "portal"}
    assert commands.keys() == listening | {"daemon", "demo", "billing"}  # which do not listen
    assert not [word for command in commands.values() for word in command if "0.0.0.0" in word or "::" in word]


def test_the_web_hook_door_is_started_where_there_is_a_secret_for_it(tmp_path: Path) -> None:
    names = [{one.name for one in _servers(Ports(), tmp_path, has_door=has_door)} for has_door in (True, False)]

    assert names[0] - names[1] == {"portal"}


def test_the_sandbox_listens_on_loopback_only_and_cannot_be_told_otherwise(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")
        said = subprocess.run(
            [sys.executable, "-m", "billing.sandbox", "--help"], capture_output=True, text=True, check=True
        )
        assert "--host" not in said.stdout
        for port in (int(sandbox.url.rpartition(":")[2]), sandbox.smtp_port):
            assert _listens_on(port) == {"127.0.0.1"}


def _word_after(command: list[str], option: str) -> str:
    assert command.count(option) == 1
    return command[command.index(option) + 1]


def _listens_on(port: int) -> set[str]:
    """The addresses of this port's listening sockets, as Linux lists them."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    found = {row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")}
    return {"127.0.0.1" if address.startswith("0100007F:") else address for address in found}
