"""Sending one mail: written at the moment of sending from what the ledger then says, after one more look."""

from __future__ import annotations

from datetime import date

from billing.domain.effects import Effect, EffectKind, EffectState, Outcome, message_id
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.events import DomainEvent
from billing.domain.invoices import Collection
from billing.domain.mail import (
    Attachment,
    GalleryMail,
    InvoiceMail,
    Mail,
    MailContent,
    MailKind,
    OwnerAlert,
    PaymentFailedMail,
    ReceiptMail,
    RefundMail,
    ReminderMail,
)
from billing.domain.settlements import RefundStatus
from billing.ports.ledger import Books, InvoiceRow
from billing.services.asking_again import is_page_coming, open_page
from billing.services.effects.pay_link import why_not_payable
from billing.services.follow_up import follow_up_state
from billing.services.galleries import is_being_closed
from billing.services.house import House

RECEIPT_WAITS = 4  # tries, some minutes, for the page on which the rest is paid; then it goes out without


class _Mail:
    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        kind = _kind(effect)
        if kind in (MailKind.OWNER_ALERT, MailKind.RECEIPT):
            return None
        if kind is MailKind.GALLERY:
            return _why_gallery_is_closed(books, effect)
        if kind is MailKind.REFUND:
            return _why_not_refunded(books, effect)
        row = books.invoices.get(effect.text("invoice_id"))
        if kind is MailKind.INVOICE and row and not row.is_void and not _asks_for_money(row):
            return None  # it goes out beside the charge, or says thank you; paid or not
        return why_not_payable(row) or self._why_not_remind(house, books, effect, kind)

    def act(self, house: House, effect: Effect) -> Outcome:
        with house.ledger.read() as books:
            content = _content(house, books, effect)
            attachments = _attachments(books, content)
        domain = house.policy.sender.rpartition("@")[2].rstrip(">") or "localhost"
        mail = Mail(
            message_id=message_id(effect.key, domain),
            sender=house.policy.sender,
            to=tuple(effect.text("to").split(",")),
            letter=house.writer.write(content),
            attachments=attachments,
            reply_to=house.policy.studio.email or None,
        )
        house.mailer.send(mail)
        return Outcome(EffectState.DONE, "accepted", effect.text("to"), reference=mail.message_id)

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is EffectState.DONE:
            kind = f"{_kind(effect).value}_sent"
            body: dict[str, str | int | None] = {"purpose": effect.purpose, "to": effect.text("to")}
            books.journal.tell(DomainEvent(f"sent:{effect.key}", kind, effect.subject_id, house.now(), body=body))

    def ask(self, house: House, effect: Effect) -> Outcome:
        """A mail server does not tell what it has accepted: only a person can look."""
        return Outcome(EffectState.UNKNOWN, "no_evidence", "the mail server cannot be asked what it accepted")

    def _why_not_remind(self, house: House, books: Books, effect: Effect, kind: MailKind) -> str | None:
        if kind is not MailKind.REMINDER:
            return None
        if effect.text("remind_on") != house.today().isoformat():
            return f"it was meant for {effect.text('remind_on')}; the policy decides anew"
        state = follow_up_state(house, books, books.invoices.require(effect.subject_id))
        reasons = {
            "reminders are paused": state.is_paused,
            "a dispute is open": state.is_disputed,
            "an attempt to pay is open": state.payment_unknown,
            "the card on file is still tried": state.on_autopay,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)


def _why_gallery_is_closed(books: Books, effect: Effect) -> str | None:
    open_ones = books.grants.of_invoice(effect.text("invoice_id"))
    grant = next((grant for grant in open_ones if grant.grant_id == effect.subject_id), None)
    return "the gallery was closed again" if grant is None or is_being_closed(books, grant) else None


def _why_not_refunded(books: Books, effect: Effect) -> str | None:
    refunds = books.settlements.refunds_of(effect.text("invoice_id"))
    status = next((refund.status for refund in refunds if refund.refund_id == effect.subject_id), None)
    return None if status is RefundStatus.SUCCEEDED else "the refund did not reach the client"


def _kind(effect: Effect) -> MailKind:
    return MailKind(effect.purpose.split(":")[0])


def _content(house: House, books: Books, effect: Effect) -> MailContent:
    kind = _kind(effect)
    if kind is MailKind.OWNER_ALERT:
        sentences = tuple(effect.text("sentences").split("\n"))
        return OwnerAlert(house.policy.studio, effect.text("title"), sentences, effect.created_at)
    row = books.invoices.require(effect.text("invoice_id"))
    return _WRITERS[kind](books, effect, row)


def _asks_for_money(row: InvoiceRow) -> bool:
    return row.invoice.collection is not Collection.AUTOPAY and row.invoice.amount_due_minor > 0


def _invoice(books: Books, _effect: Effect, row: InvoiceRow) -> MailContent:
    """Without a link it says that the card will be charged, which must be true; or that all was paid before."""
    if not row.invoice.amount_due_minor:
        return InvoiceMail(row.invoice, None)
    link = open_page(books, row.invoice.invoice_id)
    if link is None and row.invoice.collection is Collection.AUTOPAY and not _was_refused(books, row):
        return InvoiceMail(row.invoice, None)
    return InvoiceMail(row.invoice, link.url if link else _pay_url(books, row))


def _was_refused(books: Books, row: InvoiceRow) -> bool:
    """The card was tried in vain and the money is still owed: a pay link is on its way, and the mail waits for it."""
    charges = books.effects.of_subject(row.invoice.invoice_id, EffectKind.CHARGE)
    return row.balance_minor > 0 and any(
        charge.state in (EffectState.FAILED, EffectState.CANCELLED) for charge in charges
    )


def _receipt(books: Books, effect: Effect, row: InvoiceRow) -> MailContent:
    payment = books.payments.get(effect.subject_id)
    if payment is None:
        raise PermanentError("no_such_payment", f"Payment {effect.subject_id} is not in the ledger.")
    balance_minor, page = effect.number("balance_minor"), None
    if 0 < balance_minor == row.balance_minor and not row.is_void:  # else more has happened since
        page = open_page(books, row.invoice.invoice_id)
        if page is None and is_page_coming(books, row) and effect.attempts < RECEIPT_WAITS:
            raise _no_page(row)
    return ReceiptMail(
        invoice=row.invoice,
        amount_minor=payment.amount.minor,
        paid_on=payment.received_on,
        method_label=payment.method_label,
        balance_minor=balance_minor,
        pay_url=page.url if page else None,
    )


def _refund(_books: Books, effect: Effect, row: InvoiceRow) -> MailContent:
    return RefundMail(
        row.invoice,
        effect.number("amount_minor"),
        date.fromisoformat(effect.text("refunded_on")),
        effect.text("method_label"),
        max(0, row.balance_minor),
        is_by_hand=bool(effect.parameters.get("by_hand")),
    )


def _reminder(books: Books, effect: Effect, row: InvoiceRow) -> MailContent:
    return ReminderMail(
        invoice=row.invoice,
        stage=effect.purpose.split(":")[1],
        days_past_due=effect.number("days_past_due"),
        balance_minor=row.balance_minor,
        pay_url=_pay_url(books, row),
        is_last=bool(effect.number("is_last")),
    )


def _payment_failed(books: Books, effect: Effect, row: InvoiceRow) -> MailContent:
    must = bool(effect.number("must_authenticate"))
    return PaymentFailedMail(row.invoice, _pay_url(books, row), row.balance_minor, must)


def _gallery(books: Books, effect: Effect, row: InvoiceRow) -> MailContent:
    grant_id = effect.subject_id
    grants = [grant for grant in books.grants.of_invoice(row.invoice.invoice_id) if grant.grant_id == grant_id]
    if not grants:
        raise PermanentError("gallery_closed", f"The gallery of invoice {row.invoice.number} is not open any more.")
    grant = grants[0]
    access = grant.access
    expires_on: date | None = access.expires_on
    return GalleryMail(row.invoice, grant.gallery_name, access.url, access.password, access.pin, expires_on)


_WRITERS = {
    MailKind.INVOICE: _invoice,
    MailKind.RECEIPT: _receipt,
    MailKind.REFUND: _refund,
    MailKind.REMINDER: _reminder,
    MailKind.PAYMENT_FAILED: _payment_failed,
    MailKind.GALLERY: _gallery,
}


def _pay_url(books: Books, row: InvoiceRow) -> str:
    page = open_page(books, row.invoice.invoice_id)
    if page is None:
        raise _no_page(row)
    return page.url


def _no_page(row: InvoiceRow) -> TemporaryError:
    return TemporaryError("no_pay_link", f"The pay link of invoice {row.invoice.number} is not there yet.")


def _attachments(books: Books, content: MailContent) -> tuple[Attachment, ...]:
    if not isinstance(content, InvoiceMail):
        return ()
    pdf = books.invoices.document(content.invoice.invoice_id, "invoice")
    if pdf is None:
        raise PermanentError("no_document", f"Invoice {content.invoice.number} has no PDF yet.")
    return (Attachment(f"{content.invoice.number}.pdf", pdf),)


MAIL = _Mail()
