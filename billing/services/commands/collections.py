"""What people decide about money that is owed: a payment that came elsewhere, reminders that rest or go on."""

from __future__ import annotations

from billing.domain import canonical
from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE, Command
from billing.domain.money import Money
from billing.domain.payments import OFFICE
from billing.domain.settlement_books import BANK
from billing.domain.typed import check_received_on
from billing.ports.ledger import PaymentRow, UnitOfWork
from billing.services.collections.asking_again import ensure_pay_link
from billing.services.collections.autopay import look_again, waiting_charge
from billing.services.collections.foreign_money import show_credit
from billing.services.collections.owed import UNDECIDED
from billing.services.collections.record_payments import record_payment
from billing.services.collections.tell_balance import tell_balance
from billing.services.commands.arguments import amount_of, day_of, invoice_of, text
from billing.services.context import Context


def record_office_payment(ctx: Context, uow: UnitOfWork, command: Command) -> str:
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


def pause_reminders(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    row = invoice_of(uow, command)
    uow.pauses.resume(row.invoice.invoice_id, ctx.now(), placed_by=PIPELINE)  # ours would end by itself
    if not uow.pauses.is_paused(row.invoice.invoice_id):
        uow.pauses.pause(row.invoice.invoice_id, command.actor, command.reason, ctx.now())
    card = " Its card is not charged until they are resumed." if waiting_charge(uow, row.invoice.invoice_id) else ""
    return f"Reminders of {row.invoice.number} are paused.{card}"


def resume_reminders(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """Whoever asks the client again needs a page to pay on: it was closed when the money was there, or was disputed."""
    row = invoice_of(uow, command)
    invoice_id = row.invoice.invoice_id
    uow.pauses.resume(invoice_id, ctx.now())
    for code in UNDECIDED:
        uow.tasks.resolve(invoice_id, code, command.actor, ctx.now())
    ensure_pay_link(uow, row, f"resumed:{command.command_id}", ctx.now())
    look_again(uow, invoice_id, ctx.now())
    show_credit(uow, row, ctx.now())
    tell_balance(uow, row, f"command:{command.command_id}", ctx.now())
    return f"Reminders of {row.invoice.number} go on."
