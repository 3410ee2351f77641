"""`billing hold`, `release` and `clock-is-right`: stop all that goes out, and let go on what waits."""

from __future__ import annotations

import click

from billing.cli.asking import ask, confirm, money_act, named_act, reason_option
from billing.cli.opening import open_office


@click.command()
@reason_option("Why; it is kept.")
@named_act
def hold(reason: str, actor: str, yes: bool) -> None:
    """Stop all that goes out: charges, mails, galleries, refunds. At once, whether or not the pipeline runs.

    What is under way ends; the owner still gets alerts; what is decided meanwhile waits.

    \b
    Example:
        billing hold --reason "the new price list is wrong"
    """
    from billing.services.safety.holds import hold_at_once

    confirm("Let nothing go out from now on?", yes)
    with open_office() as office:
        click.echo(hold_at_once(office.ledger, reason, actor, office.clock.now()))


@click.command()
@reason_option("Why it may go on; it is kept.")
@money_act
def release(reason: str, actor: str, wait: int, now: bool, yes: bool) -> None:
    """Lift the hold of `billing hold`. What has waited goes out; after a restore, `billing reconcile` lifts it.

    \b
    Example:
        billing release --reason "the price list is mended"
    """
    confirm("Let all that waits go out?", yes)
    ask("release", {}, actor=actor, reason=reason, now=now, wait=wait)


@click.command("clock-is-right")
@reason_option("How you know; it is kept.")
@money_act
def clock_is_right(reason: str, actor: str, wait: int, now: bool, yes: bool) -> None:
    """Say that the machine's clock is right, after it went back: what waits for the day it had shown before goes on.

    Only where it was wrong before. If it is wrong now, mend it; what waits goes on by itself.

    \b
    Example:
        billing clock-is-right --reason "it ran ahead after the reboot"
    """
    confirm("Has it the right day and hour now?", yes)
    ask("clock_is_right", {}, actor=actor, reason=reason, now=now, wait=wait)
