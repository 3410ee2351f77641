"""Money that arrived: recorded once, posted once, and what follows from it."""

from __future__ import annotations

from datetime import datetime

from billing.domain import canonical
from billing.domain.books import ReceivedPayment, post_payment
from billing.domain.effects import EffectKind, Intent
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.mail import MailKind
from billing.domain.money import Money
from billing.domain.payments import OFFICE, PaymentFact, PaymentStatus
from billing.domain.policy import StudioPolicy
from billing.domain.settlement_books import CLEARING
from billing.ports.ledger import InvoiceRow, PaymentRow, UnitOfWork
from billing.services.collections.asking_again import ask_for_it_no_more, ensure_pay_link
from billing.services.collections.foreign_money import (
    CLIENT_CREDIT,
    let_a_person_decide,
    say_what_is_owed_now,
    show_credit,
)
from billing.services.invoicing.changed_orders import ORDER_CHANGED
from billing.services.invoicing.deliver_invoices import mail_intent
from billing.services.settlements.money_back_follows import rest_no_more


def our_id(provider: str, payment_id: str) -> str:
    """The id under which the books keep a payment of the provider."""
    return canonical.derived_id("pay", provider, payment_id)


def recorded(uow: UnitOfWork, fact: PaymentFact) -> PaymentRow | None:
    return uow.payments.get(our_id(fact.provider, fact.payment_id))


def record_captured(uow: UnitOfWork, fact: PaymentFact, method_kind: str, policy: StudioPolicy, now: datetime) -> bool:
    """Record what the provider captured for an invoice. False if it was recorded before, or is no money yet."""
    if fact.status is not PaymentStatus.SUCCEEDED or fact.invoice_id is None or fact.amount.minor <= 0:
        return False
    captured_at = fact.captured_at or now
    fee = fact.fee or Money(0, fact.amount.currency)
    if fee.currency != fact.amount.currency:
        sentence = f"The fee of {fact.payment_id}, {fee}, is in another currency than its payment; book it by hand."
        uow.tasks.raise_task(fact.payment_id, "fee_currency", sentence, now)
        fee = Money(0, fact.amount.currency)
    payment = PaymentRow(
        payment_id=our_id(fact.provider, fact.payment_id),
        provider=fact.provider,
        provider_object_id=fact.payment_id,
        invoice_id=fact.invoice_id,
        amount=fact.amount,
        fee=fee,
        method_label=fact.method_label,
        method_kind=method_kind,
        captured_at=captured_at,
        received_on=policy.day_of(captured_at),
    )
    return record_payment(uow, payment, CLEARING, now)


def record_payment(
    uow: UnitOfWork, payment: PaymentRow, clearing_account: str, now: datetime, actor: str = PIPELINE
) -> bool:
    """Record, allocate and post one payment, and commit to what follows: receipt, write-back, closing the pay link.

    A surplus, or money for a void invoice, becomes the client's credit and is shown to a person; never dropped.
    """
    row = uow.invoices.get(payment.invoice_id or "")
    if row is None:
        sentence = (
            f"{payment.amount} arrived ({payment.provider_object_id}) for an invoice that is not in the ledger; it was"
            " made by another ledger, or after the backup that was restored here. Look in Stripe's dashboard whose it"
            " is, and refund it there or book it by hand."
        )
        uow.tasks.raise_task(payment.provider_object_id, "payment_without_invoice", sentence, now)
        return False
    if not uow.payments.add(payment, now):
        return False
    same_currency = payment.amount.currency == row.invoice.currency
    balance = max(0, row.balance_minor) if same_currency and not row.is_void else 0
    allocated = Money(min(balance, payment.amount.minor), payment.amount.currency)
    if allocated:
        uow.payments.allocate(payment.payment_id, row.invoice.invoice_id, allocated)
    uow.journal.post(post_payment(_received(payment, row, allocated, clearing_account)), now)
    _tell(uow, payment, row, now, actor)
    if not same_currency:  # nothing was settled, and no receipt or booking could say it in the invoice's currency
        is_owed = row.balance_minor > 0 and not row.is_void
        (let_a_person_decide if is_owed else show_credit)(uow, row, now)
        return True
    _follow(uow, payment, row, allocated, balance - allocated.minor, now)
    if allocated.minor < payment.amount.minor:
        _show_surplus(uow, payment, row, payment.amount - allocated, now)
    return True


def _received(payment: PaymentRow, row: InvoiceRow, allocated: Money, clearing_account: str) -> ReceivedPayment:
    return ReceivedPayment(
        payment_id=payment.payment_id,
        invoice_id=row.invoice.invoice_id,
        client_id=row.invoice.client.client_id,
        received_on=payment.received_on,
        gross=payment.amount,
        fee=payment.fee,
        allocated=allocated,
        clearing_account=clearing_account,
    )


def _tell(uow: UnitOfWork, payment: PaymentRow, row: InvoiceRow, now: datetime, actor: str) -> None:
    body: dict[str, str | int | None] = {
        "amount_minor": payment.amount.minor,
        "currency": payment.amount.currency,
        "provider_object_id": payment.provider_object_id,
    }
    event_id = f"paid:{payment.payment_id}"
    uow.journal.record_event(DomainEvent(event_id, "payment_recorded", row.invoice.invoice_id, now, actor, body))


def _follow(
    uow: UnitOfWork, payment: PaymentRow, row: InvoiceRow, allocated: Money, balance_minor: int, now: datetime
) -> None:
    invoice_id = row.invoice.invoice_id
    uow.effects.intend(mail_intent(row, MailKind.RECEIPT, payment.payment_id), now)
    uow.effects.intend(_write_back(payment, row, allocated), now)
    ask_for_it_no_more(uow, row, now)  # paid, nothing must take money again; in part, the amounts are wrong now
    if balance_minor > 0:
        after = uow.invoices.require(invoice_id)
        ensure_pay_link(uow, after, payment.payment_id, now)
        say_what_is_owed_now(uow, after, now)
    else:
        uow.tasks.resolve(invoice_id, None, PIPELINE, now, but=[ORDER_CHANGED])
        rest_no_more(uow, invoice_id, PIPELINE, now)


def _write_back(payment: PaymentRow, row: InvoiceRow, allocated: Money) -> Intent:
    parameters: dict[str, str | int | None] = {
        "job_id": row.invoice.session.job_id,
        "order_id": row.invoice.part,
        "transaction_id": payment.provider_object_id,
        "amount_minor": payment.amount.minor,
        "applied_minor": allocated.minor,
        "currency": payment.amount.currency,
        "received_on": payment.received_on.isoformat(),
        "memo": f"{row.invoice.number} {payment.method_label}"[:128],
    }
    return Intent(EffectKind.WRITE_BACK, "payment", payment.payment_id, parameters)


def _show_surplus(uow: UnitOfWork, payment: PaymentRow, row: InvoiceRow, surplus: Money, now: datetime) -> None:
    why = "is void" if row.is_void else "needed less"
    by_hand = " --by-hand cash" if payment.provider == OFFICE else ""
    refund = f"refund it with `billing refund {row.invoice.number} --amount {surplus.decimal}{by_hand}`"
    sentence = (
        f"{surplus} of payment {payment.provider_object_id} is {row.invoice.client.name}'s credit, because invoice"
        f" {row.invoice.number} {why}; {refund}."
    )
    uow.tasks.raise_task(payment.payment_id, CLIENT_CREDIT, sentence, now)
