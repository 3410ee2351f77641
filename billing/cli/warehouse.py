"""`billing warehouse`: the figures behind the dashboard, which can be thrown away and built anew."""

from __future__ import annotations

import click

from billing.bootstrap import open_ledger, open_warehouse
from billing.cli.progress import say
from billing.settings import load_settings


@click.group()
def warehouse() -> None:
    """The DuckDB projection of the ledger.

    \b
    Example:
        billing warehouse rebuild
    """


@warehouse.command()
def rebuild() -> None:
    """Build the warehouse anew from the ledger and publish it; readers see the old one until then.

    \b
    Example:
        billing warehouse rebuild
    """
    settings = load_settings()
    open_ledger(settings).close()  # a ledger that is not there yet is made, so that its figures are zero
    published = open_warehouse(settings).rebuild(progress=say)
    say("published", last=True)
    rows = sum(published.rows.values())
    click.echo(f"{published.path}: {len(published.rows)} relations, {rows} rows, {published.size_bytes / 1e6:.1f} MB")
