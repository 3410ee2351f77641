"""Who has agreed to be charged, who does not want it any more, and what becomes of charges that wait for their day."""

from __future__ import annotations

from billing.domain.effects import Effect, EffectKind, EffectState
from billing.domain.errors import PermanentError
from billing.domain.events import Command
from billing.domain.invoices import Collection
from billing.domain.payments import SavedMethod
from billing.domain.typed import check_consented_at
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.collections.autopay import INSTEAD_OF_CHARGE, STOPPED, give_up, open_charge, refuse_while_charged
from billing.services.commands.arguments import instant_of, invoice_of, text
from billing.services.context import Context
from billing.services.invoicing.issue_invoices import pay_link_intent


def record_consent(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """A charge of another card that waits is given up: the client was told of that one, and has replaced it."""
    method = SavedMethod(
        client_id=text(command, "client_id"),
        customer_id=text(command, "customer_id"),
        payment_method_id=text(command, "payment_method_id"),
        label=text(command, "label"),
        text_version=text(command, "text_version"),
        consented_at=check_consented_at(instant_of(command, "consented_at"), ctx.now()),
    )
    for charge in _waiting_of(uow, method.client_id):
        if charge.text("payment_method_id") != method.payment_method_id:
            _ask_by_link_instead(ctx, uow, charge, "the client has replaced the card")
    uow.payments.add_consent(method, command.actor, ctx.now())
    return f"{method.client_id} may be charged: {method.label}."


def revoke_consent(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """What waits is not charged any more, and is asked for by a page to pay on."""
    client_id = text(command, "client_id")
    if not uow.payments.revoke_consent(client_id, ctx.now()):
        raise PermanentError("no_consent", f"{client_id} has given no consent to revoke.")
    waiting = _waiting_of(uow, client_id)
    for charge in waiting:
        _ask_by_link_instead(ctx, uow, charge, "the client has revoked the consent")
    numbers = [str(uow.invoices.require(charge.subject_id).invoice.number) for charge in waiting]
    instead = f" They are asked to pay {', '.join(numbers)} by link instead." if numbers else ""
    return f"{client_id} is not charged any more.{instead}"


def stop_autopay(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """The client objects to this one charge: the invoice is to be paid by link, and they are told so."""
    row = invoice_of(uow, command)
    number = row.invoice.number
    charge = open_charge(uow, row.invoice.invoice_id)
    if charge is None:
        raise PermanentError("no_charge", f"No charge of {number} waits; {_how_it_stands(row)}.")
    refuse_while_charged(uow, row)
    _ask_by_link_instead(ctx, uow, charge, f"{command.actor}: {command.reason}")
    told = f"{row.invoice.client.name} gets a page to pay {row.balance} on by mail."
    if uow.pauses.is_paused(row.invoice.invoice_id):
        told = "Nothing is asked for until its reminders are resumed."
    return f"The card is not charged for {number}. {told}"


def ask_by_link(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> None:
    """A page for what is owed, of which the client is told with the reason; none while a person has said to wait."""
    if not uow.pauses.is_paused(row.invoice.invoice_id):
        uow.effects.intend(pay_link_intent(row.invoice, row.balance_minor, INSTEAD_OF_CHARGE), ctx.now())


def _ask_by_link_instead(ctx: Context, uow: UnitOfWork, charge: Effect, why: str) -> None:
    give_up(uow, charge, STOPPED, why, ctx.now())
    ask_by_link(ctx, uow, uow.invoices.require(charge.subject_id))


def _waiting_of(uow: UnitOfWork, client_id: str) -> list[Effect]:
    """What has been begun is ended at the provider when its turn comes, as nobody has consented to it then."""
    ready = uow.effects.in_state(EffectState.READY, EffectKind.CHARGE)
    return [one for one in ready if one.provider_reference is None and one.parameters.get("client_id") == client_id]


def _how_it_stands(row: InvoiceRow) -> str:
    if row.is_void:
        return "it is void"
    if row.balance_minor <= 0:
        return "it is paid; `billing refund` gives money back"
    if row.invoice.collection is Collection.AUTOPAY:
        return "its card was tried or given up before, and it is paid by link"
    return "it is paid by link"
