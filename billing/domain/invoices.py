"""The invoice as a frozen record: all that the PDF, the mail and the books need, and nothing looked up later."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.domain.money import Money


class Collection(StrEnum):
    """How the money is asked for."""

    AUTOPAY = "autopay"
    INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class Studio:
    """Who asks for the money. `logo` is a data: URL or empty; `accent` a CSS hex colour."""

    name: str
    address_lines: tuple[str, ...]
    country: str
    email: str
    phone: str = ""
    website: str = ""
    tax_id: str = ""
    bank_details: tuple[str, ...] = ()
    accent: str = "#1f5f5b"
    logo: str = ""
    terms: str = ""


@dataclass(frozen=True, slots=True)
class BilledClient:
    """Who owes it, as they were on the day of the invoice. `emails[0]` is written to."""

    client_id: str
    name: str
    emails: tuple[str, ...]
    address_lines: tuple[str, ...] = ()
    country: str | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True)
class BilledSession:
    """For which session: a name the client knows, its date by the clock of its place, place, photographer."""

    job_id: str
    name: str
    session_on: date | None
    place: str | None
    photographer: str | None


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line, flattened: `depth` 0 is a package or product, 1 and more its contents.

    `amount_minor` = quantity x unit price, rounded half up; `discount_minor` (>= 0) is this line's share of the
    discount before tax; `included_tax_minor` its share of inclusive taxes. Revenue = amount - discount - included tax.
    """

    position: int
    depth: int
    name: str
    description: str
    product_type: str
    quantity: Decimal
    unit_minor: int
    amount_minor: int
    discount_minor: int
    included_tax_minor: int
    taxable: bool


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax at one rate (a fraction), rounded once for the whole invoice."""

    name: str
    rate: Decimal
    inclusive: bool
    base_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Deduction:
    """Retainer or earlier payment shown on the invoice. `kind` is "retainer" or "payment"; the amount is positive."""

    kind: str
    source_payment_id: str
    received_on: date | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """A draft while `number` is None; finalized, and then never changed, once it has one.

    total = subtotal - pre_tax_discount + exclusive taxes - after_tax_discount; amount_due = total - deductions.
    """

    invoice_id: str
    number: str | None
    session_id: str  # our id of the session, "vsco:01h…"
    part: str  # which part of the session is billed: the order's id
    order_number: str | None
    currency: str
    issued_on: date
    due_on: date
    language: str  # "en", "de", … as Babel names locales ("pt_BR")
    page_size: str  # "A4" | "Letter"
    studio: Studio
    client: BilledClient
    session: BilledSession
    lines: tuple[InvoiceLine, ...]
    subtotal_minor: int
    pre_tax_discount_minor: int
    taxes: tuple[TaxLine, ...]
    after_tax_discount_minor: int
    total_minor: int
    deductions: tuple[Deduction, ...]
    amount_due_minor: int
    collection: Collection
    card_label: str | None = None  # "Visa ending 4242", on autopay

    @property
    def amount_due(self) -> Money:
        return Money(self.amount_due_minor, self.currency)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    def numbered(self, number: str, issued_on: date, due_on: date) -> Invoice:
        """The finalized invoice made from this draft."""
        return replace(self, number=number, issued_on=issued_on, due_on=due_on)


def invoice_number(series: str, sequence: int) -> str:
    """`INV-2026-0042`: the series and at least four digits. A series holds its year if the studio wants one."""
    return f"{series}{sequence:04d}"


def document_file_name(number: str) -> str:
    """`RE-2026-0042.pdf` for RE/2026/0042: a number as the name of a file, on any system, whatever its series holds."""
    name = re.sub(r"[^\w.-]+", "-", number).strip("-._")
    return f"{name or 'document'}.pdf"


def page_size_for(country: str | None) -> str:
    """Letter where CLDR's paper-size data says so, A4 elsewhere."""
    letter = {"US", "CA", "MX", "PH", "CL", "CO", "VE", "PR", "CR", "GT", "NI", "PA", "SV", "BZ", "DO"}
    return "Letter" if country in letter else "A4"
