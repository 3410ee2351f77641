"""What people decide about drafts and invoices: discard, void."""

from __future__ import annotations

from datetime import datetime

from billing.domain.books import added_up, post_void
from billing.domain.errors import PermanentError
from billing.domain.events import Command
from billing.domain.money import Money
from billing.domain.settlement_books import ASKED_FOR
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.access.galleries import ask_nobody_to_open
from billing.services.collections.asking_again import ask_for_it_no_more
from billing.services.collections.autopay import refuse_while_charged
from billing.services.collections.foreign_money import CLIENT_CREDIT, show_credit
from billing.services.collections.mail_again import give_up_failed
from billing.services.collections.owed import left_over
from billing.services.collections.tell_balance import tell_balance
from billing.services.commands.arguments import invoice_of, text
from billing.services.context import Context
from billing.services.invoicing.approve_drafts import discard_draft
from billing.services.invoicing.changed_orders import retell
from billing.services.invoicing.order_standing import look_at_others_again


def discard(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    return discard_draft(ctx, uow, text(command, "invoice_id"), command.actor, command.reason)


def void(ctx: Context, uow: UnitOfWork, command: Command) -> str:
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
