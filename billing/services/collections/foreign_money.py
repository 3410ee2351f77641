"""Money that came in another currency than its invoice's: it settles nothing, and a person decides what it means.

Until then nothing more is asked for: reminders rest, the page to pay on is closed, a charge that waits goes on waiting.
It ends when a person says so (resolve, resume), when the money went back, or when nothing is owed any more.
"""

from __future__ import annotations

from datetime import datetime

from billing.domain.events import PIPELINE
from billing.domain.money import Money
from billing.ports.ledger import InvoiceRow, PaymentRow, UnitOfWork
from billing.services.collections.asking_again import close_links, ensure_pay_link
from billing.services.collections.autopay import look_again
from billing.services.collections.owed import OTHER_CURRENCY, OWED_AGAIN, left_of

CLIENT_CREDIT = "client_credit"


def let_a_person_decide(uow: UnitOfWork, row: InvoiceRow, now: datetime) -> None:
    """Nobody asks a client for money who has just paid some; the task says what came, what is owed and what to do."""
    invoice, came = row.invoice, " and ".join(str(left) for _, left in foreign_money(uow, row))
    number = invoice.number
    sentence = (
        f"{came} came from {invoice.client.name} for invoice {number}, of which {row.balance} are owed: that settles"
        f" nothing, and nothing is asked for until you decide. Refund it in Stripe's dashboard; or keep it, and give up"
        f" what is owed with `billing write-off {number}`; or ask for {invoice.currency} all the same with `billing"
        f" reminders resume {number}`."
    )
    uow.tasks.raise_task(invoice.invoice_id, OTHER_CURRENCY, sentence, now)
    close_links(uow, row, now)
    if not uow.pauses.is_paused(invoice.invoice_id):
        uow.pauses.pause(invoice.invoice_id, PIPELINE, f"{came} came for an invoice in {invoice.currency}.", now)


def say_what_is_owed_now(uow: UnitOfWork, row: InvoiceRow, now: datetime) -> None:
    """The task names the balance, which has changed."""
    if _is_open(uow, row):
        let_a_person_decide(uow, row, now)


def end_once_gone(uow: UnitOfWork, row: InvoiceRow, cause: str, now: datetime) -> None:
    """All of it went back: the client owes what they owed before, and may be asked for it."""
    if _is_open(uow, row) and not foreign_money(uow, row):
        uow.tasks.resolve(row.invoice.invoice_id, OTHER_CURRENCY, PIPELINE, now)
        ask_all_the_same(uow, row, cause, now)


def ask_all_the_same(uow: UnitOfWork, row: InvoiceRow, cause: str, now: datetime) -> None:
    """It was decided: what is owed is asked for, unless something else about it waits for a person."""
    invoice_id = row.invoice.invoice_id
    show_credit(uow, row, now)
    if uow.tasks.is_open(invoice_id, *OWED_AGAIN):
        return
    uow.pauses.resume(invoice_id, now, placed_by=PIPELINE)
    if not uow.pauses.is_paused(invoice_id):
        ensure_pay_link(uow, row, cause, now)
        look_again(uow, invoice_id, now)


def show_credit(uow: UnitOfWork, row: InvoiceRow, now: datetime) -> None:
    """What is still there is the client's, whatever became of the invoice."""
    for payment, left in foreign_money(uow, row):
        why = "is void" if row.is_void else f"is in {row.invoice.currency}"
        sentence = (
            f"{left} of payment {payment.provider_object_id} is {row.invoice.client.name}'s credit, because invoice"
            f" {row.invoice.number} {why}; refund it in Stripe's dashboard."
        )
        uow.tasks.raise_task(payment.payment_id, CLIENT_CREDIT, sentence, now)


def foreign_money(uow: UnitOfWork, row: InvoiceRow) -> list[tuple[PaymentRow, Money]]:
    """What of the invoice's payments in other currencies is still there."""
    payments = uow.payments.of_invoice(row.invoice.invoice_id)
    foreign = [payment for payment in payments if payment.amount.currency != row.invoice.currency]
    left = [(payment, Money(left_of(uow, payment), payment.amount.currency)) for payment in foreign]
    return [(payment, amount) for payment, amount in left if amount]


def _is_open(uow: UnitOfWork, row: InvoiceRow) -> bool:
    return uow.tasks.is_open(row.invoice.invoice_id, OTHER_CURRENCY)
