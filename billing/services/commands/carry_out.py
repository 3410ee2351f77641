"""The one queue through which people act: every human act is a row with an actor, a reason and a time.

`submit` only writes the row; the pipeline carries it out within seconds (`carry_out_commands`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from billing.domain.errors import BillingError, PermanentError, TemporaryError
from billing.domain.events import Command, DomainEvent
from billing.ports.ledger import Ledger, UnitOfWork
from billing.services.collections.consents import record_consent, revoke_consent, stop_autopay
from billing.services.collections.mail_again import look_up_address
from billing.services.commands.arguments import optional, text
from billing.services.commands.collections import pause_reminders, record_office_payment, resume_reminders
from billing.services.commands.effects import retry, settle
from billing.services.commands.galleries import gallery_closed, gallery_opened
from billing.services.commands.invoices import discard, void
from billing.services.commands.money import credit, refund, write_off
from billing.services.commands.tasks import raise_limit_today, resolve
from billing.services.context import Context
from billing.services.invoicing.approve_drafts import approve_draft, seen_of
from billing.services.safety.clock_set_back import clock_is_right
from billing.services.safety.holds import hold, release
from billing.services.safety.restore import settle_mails

Arguments = Mapping[str, str | int | None]


def submit(ledger: Ledger, name: str, arguments: Arguments, actor: str, reason: str, now: datetime) -> int:
    """Ask for something to be done; returns the command's number. Refuses what nobody can carry out."""
    if name not in COMMANDS:
        known = ", ".join(sorted(COMMANDS))
        raise PermanentError("unknown_command", f"There is no command {name}; there are {known}.")
    if not actor.strip():
        raise PermanentError("no_actor", f"{name} needs to know who asks for it.")
    with ledger.write() as uow:
        return uow.commands.submit(name, arguments, actor, reason, now)


def carry_out_commands(ctx: Context) -> list[tuple[Command, str]]:
    """Carry out all waiting commands, oldest first; each with what came of it. A refused one says why and is kept."""
    with ctx.ledger.read() as uow:
        waiting = uow.commands.waiting()
    return [(command, _carry_out(ctx, command)) for command in waiting]


def _carry_out(ctx: Context, command: Command) -> str:
    """What it does and that it was done are one transaction, so that no command is carried out twice."""
    try:
        if command.name == "approve":  # pricing anew may have to ask outside, for which no transaction is held open
            return _note(ctx, command, "done", _approve(ctx, command))
        if command.name == "retry" and not optional(command, "to"):
            look_up_address(ctx, text(command, "effect_id"))
        with ctx.ledger.write() as uow:
            if not uow.commands.is_waiting(command.command_id):
                return "Carried out before."
            outcome = _CARRIED_OUT_BY[command.name](ctx, uow, command)
            _settle_command(ctx, uow, command, "done", outcome)
            return outcome
    except TemporaryError as error:  # it goes on waiting, and stops none of those behind it
        return f"{error.sentence} {command.name} is tried again by itself."
    except BillingError as error:
        return _note(ctx, command, "refused", error.sentence)
    except Exception as error:
        return _note(ctx, command, "refused", _our_fault(command.name, error))


def _our_fault(what: str, error: Exception) -> str:
    return f"{what} failed for a reason that nobody foresaw, and was not done ({type(error).__name__}: {error})."


def _note(ctx: Context, command: Command, state: str, outcome: str) -> str:
    with ctx.ledger.write() as uow:
        if uow.commands.is_waiting(command.command_id):
            _settle_command(ctx, uow, command, state, outcome)
    return outcome


def _settle_command(ctx: Context, uow: UnitOfWork, command: Command, state: str, outcome: str) -> None:
    uow.commands.settle(command.command_id, state, outcome, ctx.now())
    body = dict(command.arguments) | {"reason": command.reason, "outcome": outcome}
    event_id = f"command:{command.command_id}"
    subject = str(command.arguments.get("number") or command.arguments.get("subject") or command.name)
    kind = f"command_{command.name}_{state}"
    uow.journal.record_event(DomainEvent(event_id, kind, subject, ctx.now(), command.actor, body))


def _approve(ctx: Context, command: Command) -> str:
    """Each draft for itself: one that cannot be approved takes nothing back from those that were."""
    approved, refused = [], []
    for invoice_id, seen in seen_of(text(command, "drafts")).items():
        try:
            approved.append(str(approve_draft(ctx, invoice_id, seen, command.actor, command.command_id).number))
        except BillingError as error:
            refused.append(error.sentence)
        except Exception as error:
            refused.append(_our_fault(f"Approving {invoice_id}", error))
    if not approved:
        raise PermanentError("not_approved", " ".join(dict.fromkeys(refused)))
    return " ".join([f"Approved {', '.join(approved)}.", *dict.fromkeys(refused)])


_CARRIED_OUT_BY: dict[str, Callable[[Context, UnitOfWork, Command], str]] = {
    "discard": discard,
    "record_payment": record_office_payment,
    "void": void,
    "refund": refund,
    "credit": credit,
    "write_off": write_off,
    "pause_reminders": pause_reminders,
    "resume_reminders": resume_reminders,
    "retry": retry,
    "settle": settle,
    "record_consent": record_consent,
    "revoke_consent": revoke_consent,
    "stop_autopay": stop_autopay,
    "gallery_opened": gallery_opened,
    "gallery_closed": gallery_closed,
    "resolve": resolve,
    "raise_limit": raise_limit_today,
    "hold": hold,
    "release": release,
    "clock_is_right": clock_is_right,
    "settle_mails": settle_mails,
}


COMMANDS = ("approve", *_CARRIED_OUT_BY)
