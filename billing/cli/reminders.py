"""`billing reminders`: stop following up an invoice for a while, and go on."""

from __future__ import annotations

import click

from billing.cli.asking import ask, human_act, reason_option
from billing.cli.invoice import number_of, the_invoice


@click.group()
def reminders() -> None:
    """Pause and resume the reminders of one invoice.

    \b
    Example:
        billing reminders pause INV-2026-0042 --reason "they are in hospital"
    """


@reminders.command()
@click.argument("number")
@reason_option("Why; it is kept.")
@human_act
def pause(number: str, reason: str, actor: str, wait: int, now: bool) -> None:
    """Send no reminder of the invoice NUMBER, and charge no card for it, until they are resumed.

    \b
    Example:
        billing reminders pause INV-2026-0042 --reason "they are in hospital"
    """
    ask("pause_reminders", {"number": number_of(the_invoice(number))}, actor=actor, reason=reason, now=now, wait=wait)


@reminders.command()
@click.argument("number")
@reason_option("Why; it is kept.")
@human_act
def resume(number: str, reason: str, actor: str, wait: int, now: bool) -> None:
    """Let the reminders of the invoice NUMBER go on.

    \b
    Example:
        billing reminders resume INV-2026-0042 --reason "agreed on the phone"
    """
    ask("resume_reminders", {"number": number_of(the_invoice(number))}, actor=actor, reason=reason, now=now, wait=wait)
