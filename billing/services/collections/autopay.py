"""Charges of saved cards that were announced: what must have come before, and what becomes of one that waits.

Days lie between the announcement and the charge. Whatever is owed by then is charged, on the day that was announced; a
client who objects gets a page to pay on instead.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from billing.domain import autopay
from billing.domain.effects import OPEN_STATES, Effect, EffectKind, EffectState, Intent, Outcome
from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE
from billing.domain.invoices import Invoice
from billing.domain.mail import MailKind
from billing.domain.payments import SavedMethod
from billing.domain.policy import StudioPolicy
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.context import Context
from billing.services.invoicing.changed_orders import ORDER_CHANGED

# How a charge ends that was given up before it was begun.
ANOTHER_AMOUNT = "another_amount"
STOPPED = "stopped"
# Why a charge is not made yet. Each is known elsewhere: by the invoice, by the pause, by a task about mail or order.
NOT_YET, PAUSED, NOT_ANNOUNCED = "not_yet", "paused", "not_announced"
WAITS_FOR = (NOT_YET, PAUSED, NOT_ANNOUNCED, ORDER_CHANGED)
INSTEAD_OF_CHARGE = "instead_of_charge"  # the purpose of a page for what a card was to be charged with
NOT_CHARGED = "not_charged"  # of the invoice's mail once more, because its card is not charged after all


def charge_intent(policy: StudioPolicy, invoice: Invoice, method: SavedMethod) -> Intent:
    """To be charged on the morning of the day that the invoice names; without notice at once."""
    parameters: dict[str, str | int | None] = {
        "client_id": invoice.client.client_id,
        "customer_id": method.customer_id,
        "payment_method_id": method.payment_method_id,
        "amount_minor": invoice.amount_due_minor,
        "currency": invoice.currency,
    }
    morning = policy.morning_of(invoice.due_on) if autopay.notice_days(invoice) else None
    return Intent(EffectKind.CHARGE, "autopay", invoice.invoice_id, parameters, not_before=morning)


def open_charge(uow: UnitOfWork, invoice_id: str) -> Effect | None:
    """The one whose end is open, begun or not."""
    charges = uow.effects.of_subject(invoice_id, EffectKind.CHARGE)
    return next((charge for charge in charges if charge.state in OPEN_STATES), None)


def waiting_charge(uow: UnitOfWork, invoice_id: str) -> Effect | None:
    """The one that was not begun, so that nothing of it is at the provider which somebody could still confirm."""
    charge = open_charge(uow, invoice_id)
    return charge if charge and charge.state is EffectState.READY and charge.provider_reference is None else None


def refuse_while_charged(uow: UnitOfWork, row: InvoiceRow) -> None:
    """PermanentError `charge_open` while a charge is under way; one that only waits for its day is given up."""
    if open_charge(uow, row.invoice.invoice_id) and not waiting_charge(uow, row.invoice.invoice_id):
        raise PermanentError("charge_open", f"{row.invoice.number} is being charged; do it when that has ended.")


def day_of_charge(policy: StudioPolicy, today: date, uow: UnitOfWork, row: InvoiceRow) -> date | None:
    """The day on which the card will be charged, for a client who is told of it now or was told; None if it is not."""
    if open_charge(uow, row.invoice.invoice_id) is None:
        return None
    told_on = _told_on(policy, uow, row.invoice.invoice_id) or today
    return max(autopay.charge_on(row.invoice, told_on) or told_on, today)


def why_it_waits(ctx: Context, uow: UnitOfWork, charge: Effect) -> Outcome | None:
    """Why the card must not be charged yet, as an attempt that does nothing and is made again; None if it may be."""
    row = uow.invoices.require(charge.subject_id)
    today, policy = ctx.today(), ctx.policy
    tomorrow = policy.morning_of(today + timedelta(days=1))
    if autopay.notice_days(row.invoice):
        day = autopay.charge_on(row.invoice, _told_on(policy, uow, charge.subject_id))
        if day is None:
            return Outcome(EffectState.READY, NOT_ANNOUNCED, "the client was not told of it yet", retry_at=tomorrow)
        if ctx.now() < policy.morning_of(day):
            return Outcome(EffectState.READY, NOT_YET, f"it is announced for {day}", retry_at=policy.morning_of(day))
    if uow.pauses.is_paused(charge.subject_id):
        return Outcome(EffectState.READY, PAUSED, "nothing is asked for until a person says so", retry_at=tomorrow)
    if uow.tasks.is_open(charge.subject_id, ORDER_CHANGED):
        changed = "its order has changed, and nobody has decided about that yet"
        return Outcome(EffectState.READY, ORDER_CHANGED, changed, retry_at=tomorrow)
    return None


def charge_what_is_owed(uow: UnitOfWork, invoice_id: str, now: datetime) -> None:
    """A charge that waits is for what is owed: made anew for another amount, on the same day, and given up for none."""
    row, charge = uow.invoices.require(invoice_id), waiting_charge(uow, invoice_id)
    owed = 0 if row.is_void else max(0, row.balance_minor)
    if charge is None or charge.number("amount_minor") == owed:
        return
    give_up(uow, charge, ANOTHER_AMOUNT, f"{row.balance} are owed now", now)
    if owed:
        parameters = charge.parameters | {"amount_minor": owed}
        count = len(uow.effects.of_subject(invoice_id, EffectKind.CHARGE)) + 1
        again = Intent(charge.kind, charge.purpose, invoice_id, parameters, charge.not_before, occasion=str(count))
        uow.effects.intend(again, now)


def look_again(uow: UnitOfWork, invoice_id: str, now: datetime) -> None:
    """What kept a waiting charge back has ended: it is looked at now, and made if its day is there."""
    if charge := waiting_charge(uow, invoice_id):
        uow.effects.reopen(charge.effect_id, EffectState.READY, now)


def give_up(uow: UnitOfWork, charge: Effect, code: str, why: str, now: datetime) -> None:
    """Nothing is begun of it, and nothing will be."""
    uow.effects.give_up(charge.effect_id, code, why, now)
    uow.tasks.resolve(charge.key, None, PIPELINE, now)


def _told_on(policy: StudioPolicy, uow: UnitOfWork, invoice_id: str) -> date | None:
    """The studio's day on which the mail server took the mail that announces the charge."""
    mails = uow.effects.of_subject(invoice_id, EffectKind.MAIL)
    sent = [mail.settled_at for mail in mails if mail.purpose == MailKind.INVOICE and mail.state is EffectState.DONE]
    return min((policy.day_of(at) for at in sent if at), default=None)
