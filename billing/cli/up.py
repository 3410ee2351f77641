"""`billing up`: the same processes against the real services, with the settings of .env."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from dotenv import dotenv_values

from billing.cli.doctor import examine, show
from billing.cli.ports import SERVERS, WITHOUT_PORTAL, Ports, port_options, require_free
from billing.cli.supervisor import ROOT, Server, studio_servers, supervise, web_hook_door
from billing.domain.errors import PermanentError
from billing.settings import load_settings


@click.command()
@port_options(*SERVERS)
def up(dagster_port: int, dashboard_port: int, portal_port: int) -> None:
    """Run the pipeline, the dashboard and, where a signing secret is set, the web-hook door.

    Refuses while `billing doctor` finds something essential wrong.

    \b
    Example:
        billing up
    """
    ports = Ports(dagster=dagster_port, dashboard=dashboard_port, portal=portal_port)
    findings = list(examine(ports))
    wrong = [one for one in findings if one.is_essential and one.is_ok is False]
    if wrong:
        show(wrong)
        raise PermanentError("not_ready", "Mend what is written above, then `billing up` again.")
    settings = load_settings()
    require_free(ports, SERVERS if settings.webhook_secrets else WITHOUT_PORTAL)
    home = (ROOT / "var" / "dagster").absolute()
    home.parent.mkdir(mode=0o700, exist_ok=True)
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    env = {name: value for name, value in dotenv_values(".env").items() if value is not None} | dict(os.environ)
    env |= {
        "DAGSTER_HOME": str(home),
        # The dashboard reads the environment and knows nothing of .env and its defaults.
        "BILLING_WAREHOUSE_PATH": str(settings.warehouse_path.absolute()),
        "BILLING_TIME_ZONE": settings.time_zone,
        "BILLING_STUDIO_NAME": settings.studio_name,
    }
    logs = home.parent / "logs"
    supervise(_servers(ports, logs, has_door=bool(settings.webhook_secrets)), env, logs)


def _servers(ports: Ports, logs: Path, has_door: bool) -> list[Server]:
    servers = [*studio_servers(ports, Path.cwd()), *([web_hook_door(ports, Path.cwd())] if has_door else [])]
    named = [f"{one.name}={one.answers_at}={ports.url(one.name)}" for one in servers if one.answers_at]
    greeting = (sys.executable, "-m", "billing.cli.greeting", str(logs), *named)
    return [*servers, Server("billing", greeting, quiet=False, directory=Path.cwd())]
