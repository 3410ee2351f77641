"""Following up unpaid invoices: what the policy says of each today, committed as one mail or as a task for a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from billing.domain.dunning import FollowUpState, HandOver, Reminder, next_follow_up
from billing.domain.effects import OPEN_STATES, EffectKind, EffectState
from billing.domain.errors import TemporaryError
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.mail import MailKind
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.collections.asking_again import is_disputed, is_processing, open_page
from billing.services.context import Context
from billing.services.invoicing.changed_orders import ORDER_CHANGED
from billing.services.invoicing.deliver_invoices import mail_intent
from billing.services.safety.after_restore import perhaps_reminded
from billing.services.safety.clock_set_back import is_behind

FOLLOW_UP_FAILED = "follow_up_failed"


def plan_follow_ups(ctx: Context) -> Counter[str]:
    """Decide for every unpaid invoice; counts by stage, and `handed_over`. Safe at any time, any number of times.

    Nothing while the machine's clock is behind what it has shown before: nobody knows which day it is.
    """
    planned: Counter[str] = Counter()
    with ctx.ledger.read() as uow:
        if is_behind(uow, ctx.now()):
            return planned
        due = [row for row in uow.invoices.unpaid() if _may_be_due(ctx, uow, row)]
    for seen in due:
        try:
            planned += _plan(ctx, seen.invoice.invoice_id)
        except TemporaryError:
            raise  # the ledger itself
        except Exception as error:
            _set_aside(ctx, seen, error)
    return planned


def _may_be_due(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> bool:
    try:
        return _next_step(ctx, uow, row) is not None
    except TemporaryError:
        raise
    except Exception:
        return True  # it is set aside when its turn comes


def _plan(ctx: Context, invoice_id: str) -> Counter[str]:
    with ctx.ledger.write() as uow:
        row = uow.invoices.require(invoice_id)
        step = _next_step(ctx, uow, row)
        uow.tasks.resolve(invoice_id, FOLLOW_UP_FAILED, PIPELINE, ctx.now())
        if isinstance(step, Reminder) and _remind(ctx, uow, row, step):
            return Counter([step.stage])
        if isinstance(step, HandOver) and _hand_over(ctx, uow, row, step):
            return Counter(["handed_over"])
    return Counter()


def _set_aside(ctx: Context, row: InvoiceRow, error: Exception) -> None:
    """One invoice that nobody foresaw must not keep the others from being followed up."""
    sentence = (
        f"Invoice {row.invoice.number} cannot be followed up ({type(error).__name__}: {error}); look whether it is"
        " paid, and remind the client by hand."
    )
    with ctx.ledger.write() as uow:
        uow.tasks.raise_task(row.invoice.invoice_id, FOLLOW_UP_FAILED, sentence, ctx.now())


def _next_step(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> Reminder | HandOver | None:
    return next_follow_up(ctx.policy.dunning, follow_up_state(ctx, uow, row), ctx.today())


def follow_up_state(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> FollowUpState:
    """The invoice as the policy sees it: its balance, what stands in the way, and what was sent on which day."""
    invoice = row.invoice
    charges = uow.effects.of_subject(invoice.invoice_id, EffectKind.CHARGE)
    is_undecided = uow.tasks.is_open(invoice.invoice_id, ORDER_CHANGED)  # nobody is asked for what may be another sum
    sent = uow.effects.sent_on(invoice.invoice_id, f"{MailKind.REMINDER.value}:")
    return FollowUpState(
        due_on=invoice.due_on,
        issued_on=invoice.issued_on,
        balance_minor=row.balance_minor,
        is_void=row.is_void,
        is_disputed=is_disputed(uow, invoice.invoice_id),
        payment_unknown=is_processing(uow, invoice.invoice_id),
        is_paused=is_undecided or uow.pauses.is_paused(invoice.invoice_id) or _is_out_of_reach(uow, row),
        on_autopay=any(charge.state in OPEN_STATES for charge in charges),
        sent=(
            *((purpose.split(":")[1], ctx.policy.day_of(at)) for purpose, at in sent),
            *perhaps_reminded(uow, invoice, ctx.policy),
        ),
    )


def _is_out_of_reach(uow: UnitOfWork, row: InvoiceRow) -> bool:
    """The client never got the invoice, or refused the last mail: a person was told, and more mails would not help."""
    mails = [m for m in uow.effects.of_subject(row.invoice.invoice_id, EffectKind.MAIL) if m.state not in OPEN_STATES]
    # Cancelled: an older version did not send an invoice that was paid by then; perhaps it is owed again.
    told = (EffectState.DONE, EffectState.CANCELLED)
    has_it = any(mail.purpose == MailKind.INVOICE.value and mail.state in told for mail in mails)
    return not has_it or mails[-1].state is EffectState.FAILED


def _remind(ctx: Context, uow: UnitOfWork, row: InvoiceRow, step: Reminder) -> bool:
    if open_page(uow, row.invoice.invoice_id) is None:
        return False  # it is on its way, or its failure waits for a person already
    reminder = mail_intent(
        row,
        MailKind.REMINDER,
        row.invoice.invoice_id,
        step.stage,
        is_last=int(step.is_last),
        remind_on=ctx.today().isoformat(),
        policy_version=ctx.policy.dunning.version,
    )
    return uow.effects.intend(replace(reminder, occasion=ctx.today().isoformat()), ctx.now())


def remind_now(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> bool:
    """Decide anew on the reminder of an invoice of which one has failed; True if one goes out."""
    step = _next_step(ctx, uow, row)
    return isinstance(step, Reminder) and _remind(ctx, uow, row, step)


def _hand_over(ctx: Context, uow: UnitOfWork, row: InvoiceRow, step: HandOver) -> bool:
    invoice = row.invoice
    sentence = (
        f"Invoice {invoice.number} to {invoice.client.name} is {step.days_past_due} days past due and all reminders"
        f" were sent: {row.balance} is open. Call them, then record a payment, void it, or pause it with a reason."
    )
    resumed_at = uow.pauses.resumed_at(invoice.invoice_id)  # whoever let it go on is told anew that it has ended
    occasion = f":{resumed_at.isoformat()}" if resumed_at else ""
    event_id = f"handed_over:{invoice.invoice_id}{occasion}"
    handed_over = DomainEvent(event_id, "follow_ups_ended", invoice.invoice_id, ctx.now())
    if not uow.journal.record_event(handed_over):
        return False  # a person has it, or had it and is done with it
    return uow.tasks.raise_task(invoice.invoice_id, "follow_ups_ended", sentence, ctx.now())
