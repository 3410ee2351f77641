"""The one queue through which people act: every human act is a row with an actor, a reason and a time.

`submit` only writes the row; the pipeline carries it out within seconds (`carry_out_commands`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from billing.domain import canonical
from billing.domain.books import added_up, post_void
from billing.domain.effects import EffectKind, EffectState, Outcome
from billing.domain.errors import BillingError, PermanentError, TemporaryError
from billing.domain.events import PIPELINE, Command, DomainEvent
from billing.domain.money import Money
from billing.domain.payments import OFFICE
from billing.domain.settlement_books import ASKED_FOR, BANK
from billing.domain.typed import check_expires_on, check_received_on
from billing.ports.ledger import InvoiceRow, Ledger, PaymentRow, UnitOfWork
from billing.ports.outside import GalleryAccess
from billing.services.access.galleries import ask_nobody_to_open
from billing.services.collections.asking_again import ask_for_it_no_more, ensure_pay_link
from billing.services.collections.autopay import look_again, refuse_while_charged, waiting_charge
from billing.services.collections.consents import record_consent, revoke_consent, stop_autopay
from billing.services.collections.foreign_money import CLIENT_CREDIT, ask_all_the_same, show_credit
from billing.services.collections.mail_again import give_up_failed, is_sent_again, look_up_address, send_again
from billing.services.collections.owed import OTHER_CURRENCY, UNDECIDED, left_over
from billing.services.collections.record_payments import record_payment
from billing.services.collections.tell_balance import tell_balance
from billing.services.commands.arguments import (
    addresses_of,
    amount_of,
    day_of,
    invoice_of,
    number_of,
    optional,
    text,
)
from billing.services.commands.money import credit, refund, write_off
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.by_a_person import effect_to_retry, effect_to_settle
from billing.services.effects.grant import record_grant
from billing.services.effects.in_words import capital, in_words
from billing.services.effects.revoke import record_revocation
from billing.services.invoicing.approve_drafts import approve_draft, discard_draft, seen_of
from billing.services.invoicing.changed_orders import retell
from billing.services.invoicing.order_standing import look_at_others_again
from billing.services.safety.clock_set_back import clock_is_right
from billing.services.safety.holds import hold, release
from billing.services.safety.limits import raise_limit
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


def _discard(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    return discard_draft(ctx, uow, text(command, "invoice_id"), command.actor, command.reason)


def _record_payment(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    row = invoice_of(uow, command)
    paid = amount_of(command, "amount_minor", row.invoice.currency)
    reference = text(command, "reference")
    payment = PaymentRow(
        payment_id=canonical.derived_id("pay", OFFICE, row.invoice.invoice_id, reference),
        provider=OFFICE,
        provider_object_id=f"{row.invoice.number}/{reference}",
        invoice_id=row.invoice.invoice_id,
        amount=paid,
        fee=Money(0, paid.currency),
        method_label=text(command, "method"),
        method_kind="elsewhere",
        captured_at=ctx.now(),
        received_on=check_received_on(day_of(command, "received_on"), ctx.today(), row.invoice.issued_on),
    )
    if not record_payment(uow, payment, BANK, ctx.now(), command.actor):
        raise PermanentError("recorded_before", f"A payment {reference} of {row.invoice.number} is recorded already.")
    return f"Recorded {paid} for {row.invoice.number}."


def _void(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    now = ctx.now()
    row = invoice_of(uow, command)
    if row.is_void:
        raise PermanentError("void_before", f"{row.invoice.number} is void already.")
    refuse_while_charged(uow, row)
    issued = added_up(uow.journal.entries_about(row.invoice.invoice_id, ASKED_FOR))
    uow.journal.post(post_void(row.invoice, issued, row.balance, ctx.today()), now)
    uow.invoices.void(row.invoice.invoice_id, command.actor, command.reason, now)
    ask_for_it_no_more(uow, row, now)
    uow.tasks.resolve(row.invoice.invoice_id, None, command.actor, now)
    after = uow.invoices.require(row.invoice.invoice_id)
    ask_nobody_to_open(ctx, uow, after)
    give_up_failed(uow, after, command.actor, now)
    tell_balance(uow, after, f"command:{command.command_id}", now)
    retell(ctx, uow, row.invoice.session_id)
    look_at_others_again(uow, now)
    return f"{row.invoice.number} is void.{_show_what_was_paid(uow, row, now)}"


def _show_what_was_paid(uow: UnitOfWork, row: InvoiceRow, now: datetime) -> str:
    """What was paid on a void invoice is the client's, and somebody has to say what becomes of it."""
    payments, number = uow.payments.of_invoice(row.invoice.invoice_id), row.invoice.number
    show_credit(uow, uow.invoices.require(row.invoice.invoice_id), now)
    credit = left_over(uow, row.invoice.invoice_id, row.invoice.currency)
    if credit <= 0 or not payments:
        return ""
    paid = Money(credit, row.invoice.currency)
    sentence = f"{paid} that {row.invoice.client.name} paid on {number} is their credit, as it is void; refund it."
    last = [one for one in payments if one.amount.currency == row.invoice.currency][-1]
    uow.tasks.raise_task(last.payment_id, CLIENT_CREDIT, sentence, now)
    return f" {paid} that were paid on it are {row.invoice.client.name}'s credit: refund them with `billing refund`."


def _pause(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    row = invoice_of(uow, command)
    uow.invoices.resume(row.invoice.invoice_id, ctx.now(), placed_by=PIPELINE)  # ours would end by itself
    if not uow.invoices.is_paused(row.invoice.invoice_id):
        uow.invoices.pause(row.invoice.invoice_id, command.actor, command.reason, ctx.now())
    card = " Its card is not charged until they are resumed." if waiting_charge(uow, row.invoice.invoice_id) else ""
    return f"Reminders of {row.invoice.number} are paused.{card}"


def _resume(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """Whoever asks the client again needs a page to pay on: it was closed when the money was there, or was disputed."""
    row = invoice_of(uow, command)
    invoice_id = row.invoice.invoice_id
    uow.invoices.resume(invoice_id, ctx.now())
    for code in UNDECIDED:
        uow.tasks.resolve(invoice_id, code, command.actor, ctx.now())
    ensure_pay_link(uow, row, f"resumed:{command.command_id}", ctx.now())
    look_again(uow, invoice_id, ctx.now())
    show_credit(uow, row, ctx.now())
    tell_balance(uow, row, f"command:{command.command_id}", ctx.now())
    return f"Reminders of {row.invoice.number} go on."


def _retry(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    effect_id, to = text(command, "effect_id"), addresses_of(command, "to")
    known = uow.effects.get(effect_id)
    if not to and known is not None and is_sent_again(known):
        return f"{capital(in_words(uow, known))} is tried again, as the booking system says."
    effect = effect_to_retry(uow, effect_id, bool(to))
    if effect.kind is EffectKind.MAIL:
        return send_again(ctx, uow, effect, to, command.actor)
    uow.tasks.resolve(effect.key, None, command.actor, ctx.now())
    uow.effects.reopen(effect_id, EffectState.READY, ctx.now())
    return f"{capital(in_words(uow, effect))} is tried again."


def _settle(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """A named person says how an unknown effect ended; they have looked outside."""
    effect_id, happened = text(command, "effect_id"), text(command, "happened")
    if happened not in ("yes", "no"):
        raise PermanentError("yes_or_no", f"Say whether it happened by yes or no, not {happened}.")
    effect = effect_to_settle(uow, effect_id, happened == "yes")
    state = EffectState.DONE if happened == "yes" else EffectState.FAILED
    outcome = Outcome(state, "settled_by_person", f"{command.actor}: {command.reason}")
    uow.effects.settle(effect, outcome, ctx.now())
    uow.tasks.resolve(effect.key, None, command.actor, ctx.now())
    HANDLERS[effect.kind].follow(ctx, uow, effect, outcome)
    is_again = state is EffectState.FAILED and effect.kind is not EffectKind.CHARGE  # the client gets a page to pay on
    again = f" To do it after all: `billing retry {effect_id}`." if is_again else ""
    return f"{capital(in_words(uow, effect))} is settled as {state.value}.{again}"


def _gallery_opened(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """A person has opened a gallery by hand; the client is told now."""
    effect = uow.effects.get(text(command, "effect_id"))
    if effect is None or effect.kind is not EffectKind.GRANT or effect.state is not EffectState.FAILED:
        raise PermanentError("no_such_task", f"{text(command, 'effect_id')} is no gallery that waits for a person.")
    expires_on = day_of(command, "expires_on") if optional(command, "expires_on") else None
    access = GalleryAccess(
        url=text(command, "url"),
        password=optional(command, "password"),
        pin=optional(command, "pin"),
        expires_on=check_expires_on(expires_on, ctx.today()) if expires_on else None,
    )
    record_grant(ctx, uow, effect, access, command.actor)
    uow.effects.reopen(effect.effect_id, EffectState.DONE, ctx.now())
    uow.tasks.resolve(effect.key, None, command.actor, ctx.now())
    return f"The client is told of {access.url}."


def _gallery_closed(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """A person has closed a gallery by hand."""
    effect = uow.effects.get(text(command, "effect_id"))
    if effect is None or effect.kind is not EffectKind.REVOKE or effect.state is not EffectState.FAILED:
        raise PermanentError("no_such_task", f"{text(command, 'effect_id')} is no gallery to be closed by hand.")
    record_revocation(ctx, uow, effect, command.actor)
    uow.effects.reopen(effect.effect_id, EffectState.DONE, ctx.now())
    uow.tasks.resolve(effect.key, None, command.actor, ctx.now())
    return f"The gallery {effect.text('gallery_name')} is closed."


def _resolve(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    subject, now = text(command, "subject"), ctx.now()
    about = {item.code for item in uow.tasks.open_of(subject)}
    closed = uow.tasks.resolve(subject, optional(command, "code"), command.actor, now)
    if not closed:
        raise PermanentError("nothing_open", f"Nothing is open for {subject}.")
    row = uow.invoices.get(subject)
    if row is not None:
        retell(ctx, uow, row.invoice.session_id)
        if OTHER_CURRENCY in about - {item.code for item in uow.tasks.open_of(subject)}:
            ask_all_the_same(uow, row, f"resolved:{command.command_id}", now)
            tell_balance(uow, row, f"command:{command.command_id}", now)
    return f"Closed {closed} of {subject}."


def _raise_limit(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    what, to = text(command, "what"), number_of(command, "to")
    raise_limit(ctx, uow, what, to)
    return f"Today's limit of {what} is {to}."


_CARRIED_OUT_BY: dict[str, Callable[[Context, UnitOfWork, Command], str]] = {
    "discard": _discard,
    "record_payment": _record_payment,
    "void": _void,
    "refund": refund,
    "credit": credit,
    "write_off": write_off,
    "pause_reminders": _pause,
    "resume_reminders": _resume,
    "retry": _retry,
    "settle": _settle,
    "record_consent": record_consent,
    "revoke_consent": revoke_consent,
    "stop_autopay": stop_autopay,
    "gallery_opened": _gallery_opened,
    "gallery_closed": _gallery_closed,
    "resolve": _resolve,
    "raise_limit": _raise_limit,
    "hold": hold,
    "release": release,
    "clock_is_right": clock_is_right,
    "settle_mails": settle_mails,
}


COMMANDS = ("approve", *_CARRIED_OUT_BY)
