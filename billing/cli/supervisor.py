"""One supervisor for all servers: what they print in one terminal, and all of them stopped together."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import click
import httpx

from billing.bootstrap import SQL
from billing.cli.ports import HOST, Ports
from billing.domain.errors import PermanentError

ROOT = SQL.parent
_PATIENCE_SECONDS = 180
_GRACE_SECONDS = 20  # Dagster's daemon finishes the run that it is in; honcho's own 5 would cut it off
_LOOK_EVERY_SECONDS = 0.3
_BY_HAND = tuple(sign * number for sign in (1, -1) for number in (signal.SIGINT, signal.SIGTERM))


@dataclass(frozen=True)
class Server:
    """One process: what it is called, how and where it is started, and what answers when it is up.

    `quiet` ones write into their log: the terminal is for what a person wants to read.
    """

    name: str
    command: Sequence[str]
    answers_at: str | None = None
    quiet: bool = True
    directory: Path = ROOT


def studio_servers(ports: Ports, directory: Path, before_daemon: Sequence[str] = ()) -> list[Server]:
    """Dagster's webserver and daemon, and the dashboard. `before_daemon` stands before the daemon's command."""
    python, workspace = sys.executable, ("--workspace", str(ROOT / "workspace.yaml"))
    dagster = (python, "-m", "pipelines.web_server", "--host", HOST, "--port", str(ports.dagster), *workspace)
    daemon = (*before_daemon, str(Path(python).parent / "dagster-daemon"), "run", *workspace)
    dashboard = (python, "-m", "dashboards.server", "--host", HOST, "--port", str(ports.dashboard))
    return [
        Server("dagster", dagster, f"{ports.url('dagster')}/server_info", directory=directory),
        Server("daemon", daemon, directory=directory),
        Server("dashboard", dashboard, f"{ports.url('dashboard')}/_stcore/health"),  # finds its looks in ROOT
    ]


def web_hook_door(ports: Ports, directory: Path) -> Server:
    """`billing serve`, on loopback: what is before it to the outside has a certificate."""
    serve = (str(Path(sys.executable).parent / "billing"), "serve", "--host", HOST, "--portal-port", str(ports.portal))
    return Server("portal", serve, f"{ports.url('portal')}/health", directory=directory)


def supervise(servers: Sequence[Server], env: Mapping[str, str], logs: Path) -> None:
    """Start all and run until Ctrl-C, or until one of them ends: then all are stopped, each with its process group.

    PermanentError if it was not a person who ended it.
    """
    from honcho import manager as honcho

    class Manager(honcho.Manager):  # type: ignore[misc]  # honcho has no types
        def terminate(self) -> None:
            """honcho 2 breaks off, and leaves all running, where a signal comes before each server has said its pid."""
            if self._all_started():
                super().terminate()
            else:
                Timer(_LOOK_EVERY_SECONDS, self.terminate).start()

    honcho.KILL_WAIT = _GRACE_SECONDS
    logs.mkdir(parents=True, exist_ok=True)
    manager = Manager()
    for server in servers:
        manager.add_process(server.name, _shell(server, logs), env=dict(env), cwd=str(server.directory))
    manager.loop()
    if manager.returncode - 128 not in _BY_HAND and manager.returncode not in _BY_HAND:
        raise PermanentError("server_ended", f"A server ended by itself, so all were stopped; its log is in {logs}.")


def _shell(server: Server, logs: Path) -> str:
    command = f"exec {shlex.join(server.command)}"
    return f"{command} >> {shlex.quote(str(logs / server.name))}.log 2>&1" if server.quiet else command


def wait_until_all_answer(addresses: Mapping[str, str], logs: Path) -> None:
    """Say of each when it answers; PermanentError names the one that does not, and its log."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for name, address in addresses.items():
        while not answers(address):
            if time.monotonic() > deadline:
                raise PermanentError("no_answer", f"{name} does not answer at {address}; see {logs / name}.log.")
            time.sleep(_LOOK_EVERY_SECONDS)
        click.echo(f"{name} answers")


def answers(address: str) -> bool:
    """Whether somebody serves this address with success."""
    try:
        return httpx.get(address, timeout=2).is_success
    except httpx.HTTPError:
        return False
