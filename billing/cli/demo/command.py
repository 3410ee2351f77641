"""`billing demo`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from billing.cli.ports import WITH_SANDBOX, Ports, port_options

CURRENCIES = ("EUR", "GBP", "USD", "CHF", "JPY")  # with and without cents


@click.command()
@click.option("--once", is_flag=True, help="Live through it once in minutes, print what happened, judge it, and stop.")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Where the demo keeps its world; delete it to begin anew.",
)
@click.option(
    "--currency",
    type=click.Choice(CURRENCIES, case_sensitive=False),
    metavar=f"[{'|'.join(CURRENCIES)}]",
    help="What a new world counts in; EUR unless given.",
)
@port_options(*WITH_SANDBOX)
def demo(
    once: bool, directory: Path, currency: str | None, sandbox_port: int, smtp_port: int, dagster_port: int,
    dashboard_port: int, portal_port: int,
) -> None:  # fmt: skip
    """Bill a believable studio in a sandbox while you watch; nothing leaves this machine.

    \b
    Examples:
        billing demo
        billing demo --once
        billing demo --dagster-port 3001
        billing demo --directory var/yen --currency JPY
    """
    if once:
        from billing.cli.demo.once import Size, run_once

        sys.exit(
            0 if run_once(directory / "once", directory / "summary.json", Size(), currency=currency or "EUR") else 1
        )
    from billing.cli.demo.live import run_live

    run_live(directory, Ports(sandbox_port, smtp_port, dagster_port, dashboard_port, portal_port), currency)
