"""The studio's servers under one supervisor: what they print in one terminal, and all of them stopped together."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx

from billing.bootstrap import SQL
from billing.cli.ports import HOST, Ports
from billing.domain.errors import PermanentError
from billing.ports.operations import ServerEnd
from billing.processes.supervisor import Death, Server, Supervisor
from billing.services.safety.server_ends import how

ROOT = SQL.parent
_PATIENCE_SECONDS = 180
_LOOK_EVERY_SECONDS = 0.3


def studio_servers(ports: Ports, directory: Path, before_daemon: Sequence[str] = ()) -> list[Server]:
    """Dagster's webserver and daemon, and the dashboard. `before_daemon` stands before the daemon's command."""
    python, workspace = sys.executable, ("--workspace", str(ROOT / "workspace.yaml"))
    dagster = (python, "-m", "pipelines.web_server", "--host", HOST, "--port", str(ports.dagster), *workspace)
    daemon = (*before_daemon, str(Path(python).parent / "dagster-daemon"), "run", *workspace)
    dashboard = (python, "-m", "dashboards.server", "--host", HOST, "--port", str(ports.dashboard))
    return [
        Server("dagster", dagster, f"{ports.url('dagster')}/server_info", directory=directory),
        Server("daemon", daemon, directory=directory),
        # In ROOT, where its looks are.
        Server("dashboard", dashboard, f"{ports.url('dashboard')}/_stcore/health", directory=ROOT),
    ]


def web_hook_endpoint(ports: Ports, directory: Path) -> Server:
    """`billing serve`, on loopback: what is before it to the outside has a certificate."""
    serve = (str(Path(sys.executable).parent / "billing"), "serve", "--host", HOST, "--portal-port", str(ports.portal))
    return Server("portal", serve, f"{ports.url('portal')}/health", directory=directory)


def supervise(
    servers: Sequence[Server],
    env: Mapping[str, str],
    logs: Path,
    locks: Sequence[int],
    check: Callable[[], None] = lambda: None,
) -> None:
    """Run until Ctrl-C: who dies is started again, counted in the ledger and told of.

    `locks` are the descriptors that say that we run; everything that is started keeps them. `check` raises when we may
    run no longer.
    """
    notes = _Notes(env, logs)
    Supervisor(servers, env, logs, held=locks, on_death=notes.died, on_steady=notes.is_steady).run(check)


class _Notes:
    """Brings what the supervisor sees to the terminal and, by a process of its own, to the ledger."""

    def __init__(self, env: Mapping[str, str], logs: Path) -> None:
        self._env, self._logs, self._directory = dict(env), logs, Path.cwd()

    def died(self, death: Death) -> None:
        lived = int(death.lived_seconds)
        end = ServerEnd(death.server, datetime.now(UTC), death.exit_code, death.signal, lived)
        self._bring(asdict(end) | {"ended_at": end.ended_at.isoformat()})
        with contextlib.suppress(OSError):  # nobody looks at the terminal any more
            click.echo(f"{death.server} {how(end)} after {lived} s; started again in {death.pause_seconds:.0f} s")

    def is_steady(self, server: str) -> None:
        self._bring({"server": server, "steady": True})

    def _bring(self, told: Mapping[str, object]) -> None:
        """What cannot be noted, because a disk is full say, stops nobody who starts servers again."""
        with contextlib.suppress(OSError), open(self._logs / "supervisor.log", "a") as log:
            subprocess.Popen(
                [sys.executable, "-m", "billing.cli.server_ends", json.dumps(told)], env=self._env,
                cwd=self._directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip


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
