"""`billing up`: the same processes against the real services, with the settings of .env."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import click
from dotenv import dotenv_values

from billing.bootstrap import running_file, sole_runner
from billing.cli.doctor import examine, show
from billing.cli.ports import SERVERS, WITHOUT_PORTAL, Ports, port_options, require_free
from billing.cli.private_places import DAGSTER_HOME, LOGS, records
from billing.cli.supervisor import ROOT, studio_servers, supervise, web_hook_endpoint
from billing.domain.errors import PermanentError
from billing.processes.alone import alone
from billing.processes.supervisor import Server
from billing.secrecy import close_to_others
from billing.settings import Settings, load_settings


@click.command()
@port_options(*SERVERS)
def up(dagster_port: int, dashboard_port: int, portal_port: int) -> None:
    """Run the pipeline, the dashboard and, where a signing secret is set, the web-hook endpoint.

    A server that dies is started again. Refuses while `billing doctor` finds something essential wrong, and while
    another `billing up` runs for the same ledger.

    \b
    Example:
        billing up
    """
    ports = Ports(dagster=dagster_port, dashboard=dashboard_port, portal=portal_port)
    settings = load_settings()
    names = SERVERS if settings.webhook_secrets else WITHOUT_PORTAL
    addresses = {name: ports.url(name) for name in names}
    with ExitStack() as held:
        locks = [
            held.enter_context(alone(running_file(settings), addresses, "`billing up` for this ledger")),
            # Dagster supports one daemon to a home.
            held.enter_context(alone(DAGSTER_HOME / "running", addresses, "`billing up` of this installation")),
        ]
        look = held.enter_context(sole_runner(settings))
        if mended := close_to_others(records(settings)):
            click.echo(f"{len(mended)} files and folders could be read by others on this machine: now they cannot")
        _require_ready(ports)
        require_free(ports, names)
        _run(settings, ports, locks, look)


def _require_ready(ports: Ports) -> None:
    wrong = [one for one in examine(ports) if one.is_essential and one.is_ok is False]
    if wrong:
        show(wrong)
        raise PermanentError("not_ready", "Mend what is written above, then `billing up` again.")


def _run(settings: Settings, ports: Ports, locks: Sequence[int], look: Callable[[], None]) -> None:
    (DAGSTER_HOME / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    env = {name: value for name, value in dotenv_values(".env").items() if value is not None} | dict(os.environ)
    env |= {
        "DAGSTER_HOME": str(DAGSTER_HOME),
        # The dashboard reads the environment and knows nothing of .env and its defaults.
        "BILLING_WAREHOUSE_PATH": str(settings.warehouse_path.absolute()),
        "BILLING_TIME_ZONE": settings.time_zone,
        "BILLING_STUDIO_NAME": settings.studio_name,
    }
    supervise(_servers(ports, LOGS, has_endpoint=bool(settings.webhook_secrets)), env, LOGS, locks, look)


def _servers(ports: Ports, logs: Path, has_endpoint: bool) -> list[Server]:
    servers = [*studio_servers(ports, Path.cwd()), *([web_hook_endpoint(ports, Path.cwd())] if has_endpoint else [])]
    named = [f"{one.name}={one.answers_at}={ports.url(one.name)}" for one in servers if one.answers_at]
    greeting = (sys.executable, "-m", "billing.cli.greeting", str(logs), *named)
    return [*servers, Server("billing", greeting, quiet=False, directory=Path.cwd(), may_end=True)]
