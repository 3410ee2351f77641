"""What is owed on an invoice now, as the client may be told it."""

from __future__ import annotations

from datetime import date, timedelta

from billing.domain.autopay import notice_days
from billing.domain.effects import OPEN_STATES, EffectKind, EffectState
from billing.domain.invoices import Collection, Invoice
from billing.domain.mail import Owed
from billing.domain.settlement_books import ASKED_FOR
from billing.domain.settlements import NEVER_ARRIVED, DisputeStatus
from billing.ports.ledger import InvoiceRow, PaymentRow, UnitOfWork
from billing.services.collections.autopay import day_of_charge
from billing.services.context import Context

# Items by which a person decides whether the client owes again what went back.
OWED_AGAIN = ("refunded_elsewhere", "dispute_lost")
OTHER_CURRENCY = "paid_in_another_currency"  # or what money means that is not in the invoice's currency
UNDECIDED = (*OWED_AGAIN, OTHER_CURRENCY)


def owed_now(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> Owed:
    """How the invoice stands at this moment, by the journal."""
    invoice = row.invoice
    entries = uow.journal.entries_about(invoice.invoice_id, ASKED_FOR)
    asked_for = sum(entry.amount.minor for entry in entries if entry.account == "receivable")
    balance = max(0, row.balance_minor)
    credit = max(0, left_over(uow, invoice.invoice_id, invoice.currency))
    return Owed(
        as_of=ctx.today(),
        balance_minor=balance,
        paid_minor=credit if row.is_void else asked_for - balance,
        credited_minor=invoice.total_minor - asked_for,
        is_void=row.is_void,
        charge_on=day_of_charge(ctx.policy, ctx.today(), uow, row) if balance else None,
    )


def owed_on_draft(invoice: Invoice, today: date) -> Owed:
    """As it will be told if it goes out today."""
    owed, paid = invoice.amount_due_minor, invoice.total_minor - invoice.amount_due_minor
    is_charged = owed and invoice.collection is Collection.AUTOPAY
    return Owed(today, owed, paid, charge_on=today + timedelta(days=notice_days(invoice)) if is_charged else None)


def left_over(uow: UnitOfWork, invoice_id: str, currency: str) -> int:
    """What the invoice has left the client, in minor units: paid too much, or paid on what is void."""
    entries = uow.journal.entries_about(invoice_id)
    return -sum(e.amount.minor for e in entries if e.account == "client_credit" and e.amount.currency == currency)


def left_of(uow: UnitOfWork, payment: PaymentRow, but: str = "") -> int:
    """What of the payment, in minor units, neither went back nor is about to, but for the effect with this key."""
    invoice_id = str(payment.invoice_id)
    refunds = [row for row in uow.settlements.refunds_of(invoice_id) if row.payment_id == payment.provider_object_id]
    disputes = uow.settlements.disputes_of(invoice_id)
    gone = sum(row.amount_minor for row in refunds if row.status not in NEVER_ARRIVED)
    gone += sum(
        row.amount_minor
        for row in disputes
        if row.payment_id == payment.provider_object_id and row.status is DisputeStatus.LOST
    )
    told = {row.effect_key for row in refunds}
    for effect in uow.effects.of_subject(invoice_id, EffectKind.REFUND):
        is_coming = effect.state in OPEN_STATES or effect.state is EffectState.DONE
        if effect.key not in (but, *told) and effect.text("payment_id") == payment.payment_id and is_coming:
            gone += effect.number("amount_minor")
    return max(0, payment.amount.minor - gone)


def is_undecided(uow: UnitOfWork, invoice_id: str) -> bool:
    """Money went back without our asking, or came in another currency, and nobody has said yet what it means."""
    return uow.tasks.is_open(invoice_id, *UNDECIDED)


def owed_if_decided(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> Owed | None:
    """The same as `owed_now`; None while it is not for us to say."""
    return None if is_undecided(uow, row.invoice.invoice_id) and not row.is_void else owed_now(ctx, uow, row)
