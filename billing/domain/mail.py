"""The mails of the house, as data. What they say is written by the mail writer adapter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billing.domain.invoices import Invoice, Studio


class MailKind(StrEnum):
    """One mail per (subject, kind, stage)."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    REMINDER = "reminder"
    PAYMENT_FAILED = "payment_failed"
    GALLERY = "gallery"
    REFUND = "refund"
    OWNER_ALERT = "owner_alert"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file sent along; PDFs only, so far."""

    filename: str
    content: bytes
    media_type: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says: subject, plain text and HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail ready to be handed to the mail server. `message_id` follows from the effect's key."""

    message_id: str
    sender: str  # "North Light <studio@northlight.example>"
    to: tuple[str, ...]
    letter: Letter
    attachments: tuple[Attachment, ...] = ()
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class InvoiceMail:
    """The invoice goes out. Without a `pay_url` the card on file will be charged (autopay)."""

    invoice: Invoice
    pay_url: str | None


@dataclass(frozen=True, slots=True)
class ReceiptMail:
    """Money was received. `balance_minor` is what remains open after it, and `pay_url` where that can be paid."""

    invoice: Invoice
    amount_minor: int
    paid_on: date
    method_label: str
    balance_minor: int
    pay_url: str | None = None


@dataclass(frozen=True, slots=True)
class RefundMail:
    """Money went back to the client. `balance_minor` is what is open on the invoice after it.

    `is_by_hand`: the studio gave it, and no bank of the provider's is on its way with it.
    """

    invoice: Invoice
    amount_minor: int
    refunded_on: date
    method_label: str
    balance_minor: int
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class ReminderMail:
    """An unpaid invoice. `stage` is the policy's name of the stage; `days_past_due` is negative before the due date."""

    invoice: Invoice
    stage: str
    days_past_due: int
    balance_minor: int
    pay_url: str
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class PaymentFailedMail:
    """A card or a bank debit did not work, and `balance_minor` is still owed.

    `must_authenticate`: the bank asks the client to confirm; else "another card".
    """

    invoice: Invoice
    pay_url: str
    balance_minor: int
    must_authenticate: bool


@dataclass(frozen=True, slots=True)
class GalleryMail:
    """The gallery is open. `password` and `pin` are None where none is needed."""

    invoice: Invoice
    gallery_name: str
    url: str
    password: str | None
    pin: str | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class OwnerAlert:
    """To the owner: what happened, since when, what to do. One sentence a line."""

    studio: Studio
    title: str
    sentences: tuple[str, ...]
    occurred_at: datetime


MailContent = InvoiceMail | ReceiptMail | RefundMail | ReminderMail | PaymentFailedMail | GalleryMail | OwnerAlert
