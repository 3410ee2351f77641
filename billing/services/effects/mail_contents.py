"""What each mail says of amounts, days and links: read from the ledger at the moment of sending, never before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from billing.domain.effects import Effect
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.mail import (
    BalanceMail,
    GalleryMail,
    InvoiceMail,
    MailContent,
    MailKind,
    Owed,
    OwnerAlert,
    PaymentFailedMail,
    ReceiptMail,
    RefundMail,
    ReminderMail,
    kind_of_mail,
)
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.automations.owner_digest import digest_of
from billing.services.collections.asking_again import is_page_coming, open_page
from billing.services.collections.autopay import NOT_CHARGED
from billing.services.collections.owed import owed_if_decided, owed_now
from billing.services.collections.tell_balance import last_told
from billing.services.context import Context
from billing.services.effects.who_waits import who_waits

PAGE_WAITS = 4  # tries, some minutes, for the page on which the rest is paid; then the mail goes out without


def content_of(ctx: Context, uow: UnitOfWork, effect: Effect) -> MailContent:
    """TemporaryError `no_pay_link` while a page that the mail cannot do without is being made."""
    kind = kind_of_mail(effect.purpose)
    if kind is MailKind.OWNER_ALERT:
        return _alert(ctx, uow, effect)
    if kind is MailKind.OWNER_DIGEST:
        return digest_of(ctx, uow, date.fromisoformat(effect.text("day")))
    return _WRITERS[kind](ctx, uow, effect, uow.invoices.require(effect.text("invoice_id")))


def _alert(ctx: Context, uow: UnitOfWork, effect: Effect) -> OwnerAlert:
    """With whom it concerns by now. An older version kept no technical part."""
    technical = str(effect.parameters.get("technical") or "")
    sentences = (*effect.text("sentences").split("\n"), who_waits(ctx, uow))
    occurred_at = ctx.policy.local(effect.created_at)
    told = tuple(filter(None, technical.split("\n")))
    return OwnerAlert(ctx.policy.studio, effect.text("title"), sentences, occurred_at, told)


def invoice_mail(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> InvoiceMail:
    """It asks for what is owed now, says that the card will be charged where that is true, or that all is paid.

    Without page and charge it asks, and cannot say where to pay: it is not to be sent then.
    """
    owed = owed_now(ctx, uow, row)
    link = open_page(uow, row.invoice.invoice_id) if owed.balance_minor else None
    return InvoiceMail(row.invoice, owed, link.url if link else None)


def _invoice(ctx: Context, uow: UnitOfWork, effect: Effect, row: InvoiceRow) -> MailContent:
    mail = invoice_mail(ctx, uow, row)
    if mail.owed.balance_minor and not (mail.pay_url or mail.owed.charge_on):
        raise _no_page(row)
    return replace(mail, is_not_charged=effect.purpose == f"{MailKind.INVOICE}:{NOT_CHARGED}")


def _receipt(ctx: Context, uow: UnitOfWork, effect: Effect, row: InvoiceRow) -> MailContent:
    payment = uow.payments.get(effect.subject_id)
    if payment is None:
        raise PermanentError("no_such_payment", f"Payment {effect.subject_id} is not in the ledger.")
    owed = owed_if_decided(ctx, uow, row)
    page = _page_for_the_rest(uow, effect, row, owed)
    return ReceiptMail(row.invoice, payment.amount.minor, payment.received_on, payment.method_label, owed, page)


def _refund(ctx: Context, uow: UnitOfWork, effect: Effect, row: InvoiceRow) -> MailContent:
    owed = owed_if_decided(ctx, uow, row)
    return RefundMail(
        row.invoice,
        effect.number("amount_minor"),
        date.fromisoformat(effect.text("refunded_on")),
        effect.text("method_label"),
        owed,
        _page_for_the_rest(uow, effect, row, owed),
        is_by_hand=bool(effect.parameters.get("by_hand")),
    )


def _reminder(ctx: Context, uow: UnitOfWork, effect: Effect, row: InvoiceRow) -> MailContent:
    stage, is_last = effect.purpose.split(":")[1], bool(effect.number("is_last"))
    return ReminderMail(row.invoice, stage, owed_now(ctx, uow, row), _pay_url(uow, row), is_last)


def _payment_failed(ctx: Context, uow: UnitOfWork, effect: Effect, row: InvoiceRow) -> MailContent:
    must = bool(effect.number("must_authenticate"))
    return PaymentFailedMail(row.invoice, owed_now(ctx, uow, row), _pay_url(uow, row), must)


def _balance(ctx: Context, uow: UnitOfWork, effect: Effect, row: InvoiceRow) -> MailContent:
    owed, last = owed_now(ctx, uow, row), last_told(uow, row.invoice.invoice_id)
    is_another = last is not None and last.balance_minor != owed.balance_minor
    return BalanceMail(row.invoice, owed, _page_for_the_rest(uow, effect, row, owed), is_another)


def _gallery(_ctx: Context, uow: UnitOfWork, effect: Effect, row: InvoiceRow) -> MailContent:
    grants = uow.grants.of_invoice(row.invoice.invoice_id)
    grant = next((grant for grant in grants if grant.grant_id == effect.subject_id), None)
    if grant is None:
        raise PermanentError("gallery_closed", f"The gallery of invoice {row.invoice.number} is not open any more.")
    access = grant.access
    return GalleryMail(row.invoice, grant.gallery_name, access.url, access.password, access.pin, access.expires_on)


_WRITERS = {
    MailKind.INVOICE: _invoice,
    MailKind.RECEIPT: _receipt,
    MailKind.REFUND: _refund,
    MailKind.REMINDER: _reminder,
    MailKind.PAYMENT_FAILED: _payment_failed,
    MailKind.BALANCE: _balance,
    MailKind.GALLERY: _gallery,
}


def _page_for_the_rest(uow: UnitOfWork, effect: Effect, row: InvoiceRow, owed: Owed | None) -> str | None:
    if owed is None or owed.balance_minor == 0:
        return None
    page = open_page(uow, row.invoice.invoice_id)
    if page is None and is_page_coming(uow, row) and effect.attempts < PAGE_WAITS:
        raise _no_page(row)
    return page.url if page else None


def _pay_url(uow: UnitOfWork, row: InvoiceRow) -> str:
    page = open_page(uow, row.invoice.invoice_id)
    if page is None:
        raise _no_page(row)
    return page.url


def _no_page(row: InvoiceRow) -> TemporaryError:
    return TemporaryError("no_pay_link", f"The pay link of invoice {row.invoice.number} is not there yet.")
