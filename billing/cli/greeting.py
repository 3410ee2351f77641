"""`python -m billing.cli.greeting LOGS NAME=CHECK=ADDRESS …`: beside the servers, says when each can be opened."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from billing.cli.supervisor import wait_until_all_answer
from billing.domain.errors import BillingError


def greet(logs: Path, addresses: dict[str, tuple[str, str]]) -> None:
    """`addresses`: name -> (what to ask whether it is up, what a person opens)."""
    wait_until_all_answer({name: check for name, (check, _) in addresses.items()}, logs)
    click.echo("")
    for name, (_, shown) in addresses.items():
        click.echo(f"  {name:10} {shown}")
    click.echo("")


def main(arguments: list[str]) -> None:
    named = [one.split("=", 2) for one in arguments[1:]]
    try:
        greet(Path(arguments[0]), {name: (check, shown) for name, check, shown in named})
    except BillingError as error:
        raise SystemExit(error.sentence) from None
    click.echo("Ctrl-C stops all of it.")


if __name__ == "__main__":
    main(sys.argv[1:])
