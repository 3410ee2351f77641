"""`billing demo`: everything around the sandbox, in one terminal, until Ctrl-C."""

from __future__ import annotations

import sys
from pathlib import Path

from billing.cli.demo.driver import Stage
from billing.cli.demo.place import Place, seed_world
from billing.cli.ports import HOST, WITH_SANDBOX, Ports, require_free
from billing.cli.supervisor import studio_servers, supervise, web_hook_endpoint
from billing.processes.alone import alone
from billing.processes.supervisor import Server
from billing.secrecy import close_to_others, everything_in

SESSIONS, DAYS = 44, 70


def run_live(directory: Path, ports: Ports, currency: str | None = None) -> None:
    """Start or go on with the world in `directory`.

    PermanentError if it runs already, a port is taken, or that world counts in another currency.
    """
    place = Place(directory.absolute())
    place.prepare()
    close_to_others(everything_in(place.directory))
    with alone(place.running, addresses(ports), "The demo") as lock:
        require_free(ports, WITH_SANDBOX)
        plan, starts_on = seed_world(place, SESSIONS, DAYS, currency)
        env = place.environment(ports.url("sandbox"), ports.smtp, plan, starts_on)
        env |= {"BILLING_DASHBOARD_URL": ports.url("dashboard"), "PYTHONUNBUFFERED": "1"}
        supervise(servers_of(place, ports), env, place.directory / "logs", [lock])


def servers_of(place: Place, ports: Ports) -> list[Server]:
    """The sandbox, Dagster, the dashboard, and the driver; the daemon begins when the past has been lived through."""
    live, logs = place.directory / "live", place.directory / "logs"
    live.unlink(missing_ok=True)
    wait = (sys.executable, "-m", "billing.cli.demo.wait_for", str(live))
    business = studio_servers(ports, place.directory, wait)
    sandbox = Server(
        "sandbox",
        (sys.executable, "-m", "billing.sandbox", "--port", str(ports.sandbox), "--smtp-port", str(ports.smtp),
         "--state", str(place.sandbox_state)),
        f"{ports.url('sandbox')}/health",
        directory=place.directory,
    )  # fmt: skip
    servers = [sandbox, *business, web_hook_endpoint(ports, place.directory)]
    stage = place.directory / "stage.json"
    shown = addresses(ports)
    checks = {one.name: (one.answers_at, shown[one.name]) for one in servers if one.answers_at}
    inbox = {"inbox": (f"{ports.url('sandbox')}/inbox/", shown["inbox"])}
    hook = f"{ports.url('portal')}/hooks/stripe"
    Stage(ports.url("sandbox"), place.directory, logs, live, checks | inbox, hook).save(stage)
    driver = (sys.executable, "-m", "billing.cli.demo.driver", str(stage))
    return [*servers, Server("demo", driver, quiet=False, directory=place.directory)]


def addresses(ports: Ports) -> dict[str, str]:
    """What a person opens in a browser."""
    return {
        "dashboard": ports.url("dashboard"),
        "dagster": ports.url("dagster"),
        "inbox": f"{ports.url('sandbox')}/inbox/",
        "portal": f"{ports.url('portal')}/hooks/stripe (takes Stripe's web hooks)",
        "sandbox": f"{ports.url('sandbox')}/ (mail server on {HOST}:{ports.smtp})",
    }
