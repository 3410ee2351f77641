"""Asking through the command queue, and waiting for what comes of it.

The pipeline carries commands out within seconds. Where none runs, `--now` does it in this process.
"""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from billing.bootstrap import open_context, refuse_another_account
from billing.cli.opening import Office, open_office
from billing.domain.errors import PermanentError

WAIT_SECONDS = 20
_LOOK_EVERY_SECONDS = 0.5
_CARRIED_OUT = "It is carried out when its turn comes; nothing needs to be asked again."
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def human_act(function: Decorated) -> Decorated:
    """The options of every command that asks for something: who, and how long to wait."""
    for option in (
        click.option("--now", is_flag=True, help="Carry it out in this process, without the pipeline."),
        click.option(
            "--wait", type=click.IntRange(min=0), default=WAIT_SECONDS, show_default=True, metavar="SECONDS",
            help="How long to wait for the pipeline to carry it out; 0 does not wait.",
        ),
        click.option("--actor", default=user_name, help="Who asks; the name at this computer unless given."),
    ):  # fmt: skip
        function = option(function)
    return function


def money_act(function: Decorated) -> Decorated:
    """As `human_act`, and asks before it does so."""
    return click.option("--yes", is_flag=True, help="Do not ask for confirmation.")(human_act(function))


def named_act(function: Decorated) -> Decorated:
    """Of what a command does itself, and at once: who, and whether to ask first."""
    function = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")(function)
    return click.option("--actor", default=user_name, help="Who asks; the name at this computer unless given.")(
        function
    )


def reason_option(help: str) -> Callable[[Decorated], Decorated]:
    """`--reason`, without which such an act is not asked for. A person at a terminal is asked for one left out."""
    return click.option("--reason", callback=_given_or_asked, help=f"{help} Asked for if left out.")


def _given_or_asked(context: click.Context, _option: click.Parameter, reason: str | None) -> str:
    return "" if context.resilient_parsing else the_reason(reason)


def the_reason(reason: str | None) -> str:
    """The reason given, or that a person gives when asked. UsageError where there is nobody to ask."""
    if reason and reason.strip():
        return reason
    if not a_person_is_there():
        raise click.UsageError("Missing option '--reason'.")
    answer: str = click.prompt("Reason (it is kept)", err=True)
    return answer


def a_person_is_there() -> bool:
    """Whether one can be asked: standard input is a terminal."""
    return sys.stdin.isatty()


def confirm(question: str, yes: bool) -> None:
    """Ask, unless told not to; a no ends the command with exit code 1 and nothing done."""
    if not yes:
        click.confirm(question, abort=True, err=True)


def ask(name: str, arguments: Mapping[str, str | int | None], *, actor: str, reason: str, now: bool, wait: int) -> None:
    """Submit one command and say what came of it. PermanentError if it was refused."""
    from billing.services.commands.carry_out import carry_out_commands, submit

    with open_office() as office:
        command_id = submit(office.ledger, name, arguments, actor, reason, office.clock.now())
        click.echo(f"asked for; command {command_id}", err=True)
        if now:
            with open_context(office.settings) as ctx:
                refuse_another_account(ctx)
                carry_out_commands(ctx)
        _say_outcome(office, command_id, wait)


def _say_outcome(office: Office, command_id: int, wait: int) -> None:
    deadline = time.monotonic() + wait
    while (found := office.overview.command(command_id)) is not None and found.state == "waiting":
        if time.monotonic() >= deadline:
            if wait:
                click.echo(f"Command {command_id} still waits: {_why_it_waits(office)} {_CARRIED_OUT}", err=True)
            return
        time.sleep(_LOOK_EVERY_SECONDS)
    if found is None or found.state != "done":
        raise PermanentError("refused", (found and found.outcome) or f"Command {command_id} was refused.")
    click.echo(found.outcome)


def _why_it_waits(office: Office) -> str:
    from billing.services.safety.watchdog import WATCHED, is_late

    with office.ledger.read() as uow:
        beats = [one for one in uow.operations.heartbeats() if one.name in WATCHED]
    if any(not is_late(one, office.clock.now()) for one in beats):
        return "the pipeline runs, and is at other work."
    last = max((one.succeeded_at for one in beats), default=None)
    since = f", and last did its work on {last:%Y-%m-%d at %H:%M} UTC" if last else ""
    return f"the pipeline does not run{since}; start it with `billing up`."


def user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a user of that number
        return ""
