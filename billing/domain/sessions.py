"""What the booking system knows of one job, in our own words. Adapters translate into this."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing.domain.money import Money


class Stage(StrEnum):
    """Where a job stands; VSCO Workspace's four stages, of which `fulfillment` means "after the primary session"."""

    LEAD = "lead"
    BOOKED = "booked"
    FULFILLMENT = "fulfillment"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Client:
    """Who is billed. `emails`: mail can be sent to each; the first is written to, all get receipts.

    `unusable_emails`: what else was typed, each with the reason why mail cannot be sent to it, as a sentence.
    `language`: a BCP 47 tag, "de".
    """

    client_id: str
    name: str
    emails: tuple[str, ...]
    address_lines: tuple[str, ...] = ()
    country: str | None = None  # ISO 3166-1 alpha-2
    language: str | None = None
    company: str | None = None
    unusable_emails: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A package, an add-on or a discount line. Children are the contents of a package and add-ons to it.

    `unit_price` may be zero for what a package includes; `percent_off` is set on a percentage discount line only.
    """

    line_id: str
    name: str
    quantity: Decimal
    unit_price: Money
    taxable: bool = True
    product_type: str = "Other"
    description: str = ""
    is_discount: bool = False
    percent_off: Decimal | None = None
    children: tuple[OrderLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Discount:
    """On the whole order: a fixed amount or a percentage (0-100), never both."""

    amount: Money | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """One of up to three taxes of an order. `rate` is a fraction: Decimal("0.19"); 0 under a name is a tax of nothing.

    A slot without a name and without a rate is empty, and no tax.
    """

    name: str
    rate: Decimal
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class EarlierPayment:
    """Money that the booking system has allocated to the order already; before the session it is a retainer."""

    payment_id: str
    amount: Money
    received_on: date | None
    is_retainer: bool
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What was agreed, with the booking system's own total and balance to check ours against."""

    order_id: str
    number: str | None
    status: str  # draft | open | paid-in-full | completed | voided
    currency: str
    lines: tuple[OrderLine, ...]
    total: Money
    balance: Money
    taxes: tuple[Tax, ...] = ()
    taxes_compound: bool = False
    pre_tax_discount: Discount | None = None
    after_tax_discount: Discount | None = None
    payments: tuple[EarlierPayment, ...] = ()


@dataclass(frozen=True, slots=True)
class Gallery:
    """A gallery of the session at its host (`vsco`, `pixieset` or `manual`). `gallery_id` is what the host opens."""

    gallery_id: str
    host: str
    name: str
    url: str
    status: str = "pre-release"


@dataclass(frozen=True, slots=True)
class JobSummary:
    """What the list of jobs tells: enough to decide whether the session is completed and ours to bill."""

    job_id: str
    name: str
    stage: Stage
    sample: bool
    closed: bool
    fulfilled_on: date | None
    completed_on: date | None
    session_id: str | None
    job_type: str | None = None
    brand: str | None = None
    custom_fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """Everything that billing one completed session needs, as it was known when it was billed.

    `session_on` and `session_ends_on` are its first and last day by the clock of the place where it is, and the days
    that people mean; None if only the moments are known. `cut`: a sentence on each text that the booking system has
    longer than it is here.
    """

    job: JobSummary
    client: Client
    orders: tuple[Order, ...]
    session_starts_at: datetime | None = None
    session_ends_at: datetime | None = None
    session_on: date | None = None
    session_ends_on: date | None = None
    place: str | None = None
    photographer: str | None = None
    galleries: tuple[Gallery, ...] = ()
    collection_preference: str | None = None  # "autopay" | "invoice", from the custom field
    cut: tuple[str, ...] = ()
