"""The outside by role. Every method that acts names the three ways it may end:

it returns (done), raises PermanentError (a clean refusal), TemporaryError (nothing happened, try later) or
UnknownOutcomeError (it may or may not have happened).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.domain.mail import Letter, Mail, MailContent
from billing.domain.money import Money
from billing.domain.payments import PayLink, PaymentFact, ProviderEvent, SavedMethod
from billing.domain.sessions import JobSummary, SessionFacts
from billing.domain.settlements import Movement, PaymentStory, PayoutFact, RefundFact


class Clock(Protocol):
    """The one source of `now`: an aware datetime in UTC."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One object as the booking system sent it. `kind` is its own word: job, order, contact, payment, …"""

    kind: str
    source_id: str
    modified_at: datetime | None
    body: str  # canonical JSON text of the object


@dataclass(frozen=True, slots=True)
class Reading:
    """What the booking system shows now. `refused`: kinds that it does not show us while it shows the rest.

    Each with a sentence: which, what is done without it, and how to have it. Only what refines is ever done without.
    """

    records: list[RawRecord]
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceAccount:
    """Whose booking system it is. `currency` is the studio's one currency."""

    name: str
    currency: str
    email: str | None


@dataclass(frozen=True, slots=True)
class WrittenPayment:
    """A payment as the booking system has it now. `applied` is by order; `refunded` what it was told went back."""

    payment_id: str
    amount: Money
    refunded: Money
    applied: Mapping[str, Money]


class SessionSource(Protocol):
    """The booking system (VSCO Workspace)."""

    name: str  # "vsco"

    def account(self) -> SourceAccount: ...

    def changed_jobs(
        self, since: datetime | None, max_pages: int | None = None, until: datetime | None = None
    ) -> Iterator[list[RawRecord]]:
        """Jobs modified at or after `since`, newest first, a page at a time. Ends early after `max_pages`.

        With `until` it begins with those modified by then; a few that are newer may come first.
        """
        ...

    def related_records(self, job_id: str) -> Reading:
        """The job itself, its orders, contacts, payments, events and galleries, as they are now.

        RefusedAccess if the key opens nothing, PermanentError if this job cannot be read. May do without galleries.
        """
        ...

    def shared_records(self) -> Reading:
        """What many jobs refer to: job types, brands, roles, custom fields, product types and products, the studio.

        May do without all of them but the studio.
        """
        ...

    def read_job(self, record: RawRecord, shared: Sequence[RawRecord]) -> JobSummary:
        """Translate one raw job; no call outside. PermanentError with code `malformed_record` if it can't be read."""
        ...

    def read_session(self, records: Sequence[RawRecord], shared: Sequence[RawRecord]) -> SessionFacts:
        """Translate one job's raw records; no call outside. PermanentError if it cannot be read."""
        ...

    def find_payment(self, job_id: str, transaction_id: str) -> str | None:
        """The source's id of the payment that carries our transaction id, if it was written back before."""
        ...

    def written_payments(self, job_id: str) -> Mapping[str, WrittenPayment]:
        """The job's payments by the transaction id that they carry, in one reading. PermanentError if no such job."""
        ...

    def record_payment(self, job_id: str, transaction_id: str, amount: Money, received_on: date, memo: str) -> str:
        """Write a payment; returns the source's id. Not idempotent: find_payment first."""
        ...

    def payment_is_applied(self, payment_id: str, order_id: str) -> bool: ...

    def apply_payment(self, payment_id: str, order_id: str, amount: Money) -> None:
        """Allocate a written payment to the order. Not idempotent: payment_is_applied first."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayAccount:
    """Which account the keys belong to; pinned in the ledger and compared at every start."""

    account_id: str
    livemode: bool
    name: str


@dataclass(frozen=True, slots=True)
class KnownInvoice:
    """An invoice as a page or a payment at the provider carries it. `number` is empty where it carries none."""

    invoice_id: str
    number: str
    session_id: str


class PaymentGateway(Protocol):
    """The payment provider (Stripe). `key` is the effect's key and goes out as the idempotency key.

    The provider keeps its first answer to a key, a failure of its own too: who knows by evidence that nothing was done
    asks under the next `turn`, which is another idempotency key derived from the same `key`.
    """

    name: str  # "stripe"

    def account(self) -> GatewayAccount: ...

    def check_amount(self, amount: Money) -> None:
        """PermanentError if the provider takes no such amount: too small, too large or too fine. No call outside."""
        ...

    def create_pay_link(self, invoice: Invoice, amount: Money, key: str, turn: int = 1) -> PayLink:
        """A page on which `amount` can be paid once; the payment will carry the invoice's id in its metadata."""
        ...

    def close_pay_link(self, link_id: str) -> None:
        """Nobody can pay on it any more. Closing a closed link does nothing."""
        ...

    def prepare_charge(self, invoice: Invoice, amount: Money, method: SavedMethod, key: str, turn: int = 1) -> str:
        """Create the payment unconfirmed and return its id; no money moves."""
        ...

    def confirm_charge(self, payment_id: str, key: str, turn: int = 1) -> PaymentFact:
        """Confirm off-session. A decline is a fact (status requires_client, `refused` set), not an exception."""
        ...

    def cancel_charge(self, payment_id: str) -> PaymentFact: ...

    def read_payment(self, payment_id: str) -> PaymentFact:
        """The payment as it is now, with its fee if known."""
        ...

    def find_charges(self, customer_id: str, key: str) -> list[PaymentFact]:
        """Payments of this customer that carry our effect key in their metadata (list by customer, never search)."""
        ...

    def find_pay_link(self, invoice_id: str, key: str) -> PayLink | None:
        """The page that was made under our effect key, open or not: the provider forgets keys, never its links."""
        ...

    def read_story(self, payment_id: str) -> PaymentStory:
        """The payment with all its refunds and disputes and what each moved on the balance, as it is now."""
        ...

    def refund(self, payment_id: str, amount: Money, reason: str, key: str, turn: int = 1) -> RefundFact:
        """Give money back. PermanentError `stripe_refused` for more than is left, or while a dispute is open."""
        ...

    def find_refunds(self, payment_id: str, key: str) -> list[RefundFact]:
        """Refunds of this payment that carry our effect key in their metadata."""
        ...

    def read_payout(self, payout_id: str) -> PayoutFact:
        """The payout as it is now, with its own movements, and what it is made of once that is known."""
        ...

    def payouts_since(self, since: datetime) -> Iterator[PayoutFact]:
        """Payouts created at or after `since`, newest first, without what they are made of."""
        ...

    def movements_since(self, since: datetime) -> Iterator[Movement]:
        """Every change of the account's balance at or after `since`, newest first, with whose payment it is about."""
        ...

    def balance(self) -> list[Money]:
        """All that is on the account now, available and pending, one amount a currency."""
        ...

    def known_invoices(self) -> Iterator[KnownInvoice]:
        """Every invoice that a page or a payment of ours names; the same one may come several times."""
        ...

    def new_events(self, after: str | None, limit: int) -> list[ProviderEvent]:
        """Events after the one with id `after` (all that are kept, if None), oldest first, at most about `limit`."""
        ...


@dataclass(frozen=True, slots=True)
class GalleryAccess:
    """What the client needs to see their photos."""

    url: str
    password: str | None
    pin: str | None
    expires_on: date | None


class GalleryHost(Protocol):
    """Where the photos are shown. Opening an open gallery again changes nothing but its expiry."""

    name: str  # "vsco" | "pixieset" | "manual"

    def open_gallery(self, gallery_id: str, expires_on: date | None) -> GalleryAccess: ...

    def close_gallery(self, gallery_id: str) -> None: ...

    def is_open(self, gallery_id: str) -> bool | None:
        """Whether the client can see it now; None where nobody can tell. Reads only."""
        ...


class Mailer(Protocol):
    """Hands one mail to the mail server."""

    def send(self, mail: Mail) -> Mapping[str, str]:
        """Returns when the server has accepted it: the recipients that it did not take it for, each with the reason.

        PermanentError if it takes it for none.
        """
        ...


class MailWriter(Protocol):
    """Writes the letter in the client's language."""

    def write(self, content: MailContent) -> Letter: ...


RENDER_TOO_LONG = "render_too_long"  # of a document that took more than its time


@dataclass(frozen=True, slots=True)
class RenderJob:
    """One document to render: what, and with which pay link printed on it. `watermark` for drafts."""

    invoice: Invoice
    pay_url: str | None
    watermark: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of one job: its PDF, or why it has none."""

    job: RenderJob
    outcome: bytes | PermanentError


class DocumentRenderer(Protocol):
    """Turns invoices into PDF bytes; the same job gives the same bytes."""

    def check_printable(self, invoice: Invoice) -> None:
        """PermanentError `unprintable` if its sheet has characters that are in no font. Renders nothing."""
        ...

    def render(self, jobs: Sequence[RenderJob]) -> Iterator[Rendered]:
        """Each job's outcome as soon as there is one, in any order: none waits for another that takes long.

        Refused are `render_failed` and RENDER_TOO_LONG.
        """
        ...


GalleryHosts = Mapping[str, GalleryHost]
