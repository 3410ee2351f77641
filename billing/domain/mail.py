"""The mails of the application, as data. What they say is written by the mail writer adapter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billing.domain.invoices import Invoice, Studio
from billing.domain.money import Money
from billing.domain.tasks import TaskKind


class MailKind(StrEnum):
    """One mail per (subject, kind, stage)."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    REMINDER = "reminder"
    PAYMENT_FAILED = "payment_failed"
    GALLERY = "gallery"
    REFUND = "refund"
    BALANCE = "balance"
    OWNER_ALERT = "owner_alert"
    OWNER_DIGEST = "owner_digest"


BY_THE_DAY = (MailKind.REMINDER, MailKind.OWNER_DIGEST)
TO_THE_OWNER = (MailKind.OWNER_ALERT, MailKind.OWNER_DIGEST)  # all other mail is about an invoice, to its client


def kind_of_mail(purpose: str) -> MailKind:
    """Which mail it is that an effect is for: "reminder:first_notice" is a reminder."""
    return MailKind(purpose.partition(":")[0])


def goes_by_the_day(purpose: str) -> bool:
    """Whether such a mail goes out because of the calendar alone: it waits while nobody knows which day it is."""
    return kind_of_mail(purpose) in BY_THE_DAY


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
class Owed:
    """How an invoice stands on the day on which a mail about it is written. Minor units of the invoice's currency.

    `paid_minor` is what was received and kept, retainers too; `credited_minor` how much less is asked for than was
    invoiced. Of a void invoice nothing is owed, and what was paid on it is the client's credit. `charge_on`: the day on
    which the client's card will be charged with the balance, where it will be.
    """

    as_of: date
    balance_minor: int
    paid_minor: int = 0
    credited_minor: int = 0
    is_void: bool = False
    charge_on: date | None = None


@dataclass(frozen=True, slots=True)
class InvoiceMail:
    """The invoice goes out, for the first time or again.

    With a `pay_url` the client is asked to pay there. `is_not_charged`: a charge was announced that is not made.
    """

    invoice: Invoice
    owed: Owed
    pay_url: str | None = None
    is_not_charged: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptMail:
    """Money was received. `owed` is None where nobody has decided yet what the client still owes."""

    invoice: Invoice
    amount_minor: int
    paid_on: date
    method_label: str
    owed: Owed | None
    pay_url: str | None = None


@dataclass(frozen=True, slots=True)
class RefundMail:
    """Money went back to the client. `owed` is None where nobody has decided yet what the client still owes.

    `is_by_hand`: the studio gave it, and no bank of the provider's is on its way with it.
    """

    invoice: Invoice
    amount_minor: int
    refunded_on: date
    method_label: str
    owed: Owed | None
    pay_url: str | None = None
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class ReminderMail:
    """An unpaid invoice. `stage` is the policy's name of the stage."""

    invoice: Invoice
    stage: str
    owed: Owed
    pay_url: str
    is_last: bool = False

    @property
    def days_past_due(self) -> int:
        """Negative before the due date."""
        return (self.owed.as_of - self.invoice.due_on).days


@dataclass(frozen=True, slots=True)
class PaymentFailedMail:
    """A card or a bank debit did not work, and the balance is still owed.

    `must_authenticate`: the bank asks the client to confirm; else "another card".
    """

    invoice: Invoice
    owed: Owed
    pay_url: str
    must_authenticate: bool


@dataclass(frozen=True, slots=True)
class BalanceMail:
    """What is owed has changed, or only the page to pay it on. `pay_url` where something is left to pay."""

    invoice: Invoice
    owed: Owed
    pay_url: str | None = None
    is_another_amount: bool = True


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
    """To the owner: what happened, since when, whom it concerns, what to do. One sentence a line.

    `occurred_at`: by the studio's clock. `technical`: what programs said, for whoever looks after the installation.
    """

    studio: Studio
    title: str
    sentences: tuple[str, ...]
    occurred_at: datetime
    technical: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One draft, task or overdue invoice. `client` and `what` (a number, a session) are empty where they are not known.

    `days`: how many it is past due. `task`: what kind of decision it waits for.
    """

    client: str
    what: str
    amount: Money | None = None
    days: int = 0
    task: TaskKind | None = None


@dataclass(frozen=True, slots=True)
class DigestPart:
    """How many there are, what they come to (once a currency), and the first of them."""

    count: int = 0
    amounts: tuple[Money, ...] = ()
    lines: tuple[DigestLine, ...] = ()


@dataclass(frozen=True, slots=True)
class SentMails:
    """What went out of one kind; `amounts` where such a mail is about an amount that was asked for or received."""

    kind: MailKind
    count: int
    amounts: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerDigest:
    """To the owner, each morning: what waits for a person, what is overdue, and what went out the day before `day`.

    `dashboard_url` is empty where nobody has said where the dashboard is reached.
    """

    studio: Studio
    language: str
    day: date
    drafts: DigestPart = DigestPart()
    tasks: DigestPart = DigestPart()
    overdue: DigestPart = DigestPart()
    sent: tuple[SentMails, ...] = ()
    dashboard_url: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing to say: then there is no mail."""
        return not (self.drafts.count or self.tasks.count or self.overdue.count or self.sent)


MailContent = (
    InvoiceMail
    | ReceiptMail
    | RefundMail
    | ReminderMail
    | PaymentFailedMail
    | BalanceMail
    | GalleryMail
    | OwnerAlert
    | OwnerDigest
)


def owed_in(content: MailContent) -> Owed | None:
    """What the mail says is owed; None where it says nothing of it."""
    return None if isinstance(content, GalleryMail | OwnerAlert | OwnerDigest) else content.owed


def page_in(content: MailContent) -> str | None:
    """The address of the page on which the mail asks the client to pay; None where it leads to none."""
    return None if isinstance(content, GalleryMail | OwnerAlert | OwnerDigest) else content.pay_url
