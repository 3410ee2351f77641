"""The `billing` command itself: what goes wrong is one clear line, and commands are imported when they are named."""

from __future__ import annotations

import importlib
import select
import sys
from typing import Any, NamedTuple, TextIO

import click

from billing.domain.errors import BillingError
from billing.domain.storage import in_words, refusal
from billing.secrecy import keep_files_private


class Entry(NamedTuple):
    """Where a command lives, and what the list of commands says of it: nothing is imported for that."""

    module: str
    says: str


COMMANDS = {
    "approve": Entry("billing.cli.drafts", "Approve drafts: they get their number and go out."),
    "backup": Entry("billing.cli.backup", "Copy the ledger while everything goes on."),
    "bill": Entry("billing.cli.bill", "Bill what is due now, or show what would be billed."),
    "clock-is-right": Entry("billing.cli.hold", "Say that the machine's clock is right, after it went back."),
    "consent": Entry("billing.cli.consent", "Record or revoke a client's consent to be charged."),
    "credit": Entry("billing.cli.money_back", "Let an invoice ask for less."),
    "demo": Entry("billing.cli.demo.command", "Bill a believable studio in a sandbox while you watch."),
    "discard": Entry("billing.cli.drafts", "Discard a draft; its order is not billed."),
    "doctor": Entry("billing.cli.doctor", "Check each thing that the pipeline needs."),
    "gallery": Entry("billing.cli.mending", "Say that a gallery was opened or closed by hand."),
    "hold": Entry("billing.cli.hold", "Stop all that goes out."),
    "invoice": Entry("billing.cli.invoice", "Look at an invoice and what happened to it, or void it."),
    "needs-attention": Entry("billing.cli.status", "List what needs a person, and what to do."),
    "payment": Entry("billing.cli.payment", "Record money that did not come through Stripe."),
    "reconcile": Entry("billing.cli.reconcile", "Compare the books with the outside."),
    "refund": Entry("billing.cli.money_back", "Give money back that was paid."),
    "release": Entry("billing.cli.hold", "Lift the hold; what has waited goes out."),
    "reminders": Entry("billing.cli.reminders", "Pause or resume the reminders of an invoice."),
    "resolve": Entry("billing.cli.mending", "Close what needs attention of one subject."),
    "restore": Entry("billing.cli.backup", "Put a backup in the ledger's place."),
    "retry": Entry("billing.cli.mending", "Try again what failed, once its cause was mended."),
    "serve": Entry("billing.cli.serve", "Take Stripe's web hooks."),
    "settle": Entry("billing.cli.mending", "Say how something ended of which nobody knows."),
    "status": Entry("billing.cli.status", "Show what waits."),
    "up": Entry("billing.cli.up", "Run the pipeline and the dashboard."),
    "warehouse": Entry("billing.cli.warehouse", "Rebuild the figures, or look at them."),
    "watchdog": Entry("billing.cli.watchdog", "Say what is late; for cron."),
    "write-off": Entry("billing.cli.money_back", "Give up what is owed on an invoice."),
}


class Billing(click.Group):
    """Turns every error into one line on stderr and exit code 1; `--debug` shows where it came from."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name].module)
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].says) for name in self.list_commands(ctx)])

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
    if isinstance(error, OSError) and refusal(str(error)):
        return f"The machine refused it: {in_words(error)}"
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
    keep_files_private()
    # Names of clients are in every script; a terminal that says otherwise must not stop the work.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    billing(prog_name="billing")
