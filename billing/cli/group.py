"""The `billing` command itself: what goes wrong is one clear line, and commands are imported when they are named."""

from __future__ import annotations

import importlib
import select
import sys
from typing import Any, TextIO

import click

from billing.domain.errors import BillingError

# name -> module: `billing --help` needs none of them but for their first line, and `billing status` needs one.
COMMANDS = {
    "approve": "billing.cli.drafts",
    "backup": "billing.cli.backup",
    "bill": "billing.cli.bill",
    "consent": "billing.cli.consent",
    "credit": "billing.cli.money_back",
    "demo": "billing.cli.demo.command",
    "discard": "billing.cli.drafts",
    "doctor": "billing.cli.doctor",
    "gallery": "billing.cli.mending",
    "hold": "billing.cli.hold",
    "invoice": "billing.cli.invoice",
    "needs-attention": "billing.cli.status",
    "payment": "billing.cli.payment",
    "release": "billing.cli.hold",
    "reconcile": "billing.cli.reconcile",
    "refund": "billing.cli.money_back",
    "reminders": "billing.cli.reminders",
    "resolve": "billing.cli.mending",
    "restore": "billing.cli.backup",
    "retry": "billing.cli.mending",
    "serve": "billing.cli.serve",
    "settle": "billing.cli.mending",
    "status": "billing.cli.status",
    "up": "billing.cli.up",
    "warehouse": "billing.cli.warehouse",
    "write-off": "billing.cli.money_back",
    "watchdog": "billing.cli.watchdog",
}


class Billing(click.Group):
    """Turns every error into one line on stderr and exit code 1; `--debug` shows where it came from."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            if not _is_read(sys.stdout):  # `billing doctor | head`: click ends quietly
                raise
            raise click.ClickException("A line that this command wrote to was closed at its other end.") from None
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            raise click.ClickException(sentence_of(error)) from None


def _is_read(stream: TextIO) -> bool:
    """Whether somebody is at the other end of it."""
    try:
        poll = select.poll()
        poll.register(stream, 0)
        return not any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
    except (OSError, ValueError):  # no file of the system, as in a test
        return True


def sentence_of(error: Exception) -> str:
    """What to say of an error: our own have a sentence; of others their name and first line, and how to see more."""
    if isinstance(error, BillingError):
        return error.sentence
    lines = str(error).strip().splitlines() or ["no more is known"]
    return f"{type(error).__name__}: {lines[0]} (`billing --debug …` shows where)"


@click.command(cls=Billing, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="studio-billing", prog_name="billing")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
def billing(debug: bool) -> None:
    """Bill completed sessions, follow the money, and see what needs a person.

    \b
    Example:
        billing status
    """


def main() -> None:
    """The entry point."""
    # Names of clients are in every script; a terminal that says otherwise must not stop the work.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    billing(prog_name="billing")
