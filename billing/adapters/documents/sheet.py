"""What stands on the sheet: an invoice turned into the words and figures of its page, nothing left to decide."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup, escape

from billing.adapters.documents.colour import legible_accent
from billing.adapters.documents.names import breakable, isolated_html, lines, one_line
from billing.adapters.documents.wording import Wording, wording_for
from billing.domain.autopay import notice_days
from billing.domain.invoices import Deduction, Invoice, InvoiceLine, TaxLine
from billing.domain.money import Money
from billing.logos import is_sound
from billing.ports.outside import RenderJob
from billing.standards.countries import on_the_envelope

_LOG = logging.getLogger(__name__)


class DocumentKind(StrEnum):
    """The same sheet under another title."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    RECEIPT = "receipt"
    STATEMENT = "statement"
    ESTIMATE = "estimate"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sheet. `amount` is empty for what is included in a package; `counted` is "4 × 35.00".

    `place` names where it stands in its package, for the style: "", " nested", " nested first", " nested last".
    """

    name: str
    details: tuple[str, ...]
    counted: str
    amount: str
    depth: int
    place: str


@dataclass(frozen=True, slots=True)
class Sum:
    """One row under the lines. `weight` is "plain", "note" (not added up), "total" or "balance"."""

    label: str
    amount: str
    weight: str = "plain"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the template prints."""

    kind: DocumentKind
    invoice: Invoice
    wording: Wording
    title: str
    number: str
    issued: str
    accent: str
    headline_label: str
    headline: str
    by_when: str
    note: str
    pay_url: str | None
    place_line: Markup
    photographed_by: Markup
    rows: tuple[Row, ...]
    sums: tuple[Sum, ...]
    terms: tuple[str, ...]
    imprint: tuple[str, ...]
    billed_to: tuple[str, ...]
    payable_by_transfer: bool
    watermark: str | None
    logo: str

    @property
    def counts(self) -> bool:
        """Whether any row has something to say under "Quantity"."""
        return any(row.counted for row in self.rows)

    @property
    def document_title(self) -> str:
        """The title for the file's own properties."""
        return " ".join(filter(None, (self.title, one_line(self.number), "·", one_line(self.invoice.studio.name))))


def sheet_for(job: RenderJob, kind: DocumentKind = DocumentKind.INVOICE) -> Sheet:
    """The sheet of one job, in the invoice's language."""
    invoice = job.invoice
    wording = wording_for(invoice.language, invoice.studio.country)
    label, by_when, note = _headline(invoice, wording, kind)
    payable = kind is DocumentKind.INVOICE and invoice.amount_due_minor > 0
    return Sheet(
        kind=kind,
        invoice=invoice,
        wording=wording,
        title=wording.say(f"sheet.{kind.value}"),
        number=invoice.number or wording.say("sheet.draft"),
        issued=wording.full_date(invoice.issued_on),
        accent=legible_accent(invoice.studio.accent),
        headline_label=label,
        headline=wording.money(invoice.amount_due if kind is DocumentKind.INVOICE else invoice.total),
        by_when=by_when,
        note=note,
        pay_url=job.pay_url if payable else None,
        place_line=_place_line(invoice, wording),
        photographed_by=_photographed_by(invoice, wording),
        rows=_rows(invoice, wording),
        sums=tuple(_sums(invoice, wording)),
        terms=tuple(lines(invoice.studio.terms)),
        imprint=_imprint(invoice, wording),
        billed_to=_billed_to(invoice),
        payable_by_transfer=payable and bool(invoice.number and invoice.studio.bank_details and not invoice.card_label),
        watermark=one_line(job.watermark) if job.watermark else None,
        logo=_logo(invoice),
    )


def _logo(invoice: Invoice) -> str:
    """None where it could not be drawn: the studio's name in its place is a whole head, half a picture is none."""
    logo = invoice.studio.logo
    if logo and not is_sound(logo):
        _LOG.warning("The logo of %s cannot be drawn; its name stands there", one_line(invoice.studio.name))
        return ""
    return logo


def _headline(invoice: Invoice, wording: Wording, kind: DocumentKind) -> tuple[str, str, str]:
    """What the large figure is, by when it is wanted, and one sentence about it."""
    if kind is DocumentKind.CREDIT_NOTE:
        return wording.say("sheet.credited"), "", ""
    if kind is DocumentKind.ESTIMATE:
        return wording.say("sheet.estimated"), "", ""
    if kind is not DocumentKind.INVOICE:
        return wording.say("sheet.total"), "", ""
    if invoice.amount_due_minor <= 0:
        return wording.say("sheet.nothing_due"), wording.say("sheet.settled"), ""
    due = wording.full_date(invoice.due_on)
    if invoice.card_label:
        charged = wording.say("sheet.charged", card=one_line(wording.method(invoice.card_label)), date=due)
        return wording.say("sheet.amount_due"), charged, _about_the_charge(invoice, wording)
    return wording.say("sheet.amount_due"), wording.say("sheet.due", date=due), ""


def _about_the_charge(invoice: Invoice, wording: Wording) -> str:
    if notice_days(invoice) and invoice.studio.email:
        return wording.say("sheet.charged_object", email=one_line(invoice.studio.email))
    return wording.say("sheet.charged_note")


def _place_line(invoice: Invoice, wording: Wording) -> Markup:
    session = invoice.session
    day = wording.full_date(session.session_on) if session.session_on else None
    return Markup(", ").join(isolated_html(part, invoice.client.country) for part in (day, session.place) if part)


def _photographed_by(invoice: Invoice, wording: Wording) -> Markup:
    photographer = invoice.session.photographer
    if not photographer:
        return Markup()
    return escape(wording.say("sheet.photographed_by")).format(name=isolated_html(photographer, invoice.studio.country))


def _imprint(invoice: Invoice, wording: Wording) -> tuple[str, ...]:
    studio = invoice.studio
    tax_id = wording.say("sheet.tax_id", number=studio.tax_id) if studio.tax_id else ""
    return tuple(part for part in (studio.name, studio.email, studio.phone, studio.website, tax_id) if part)


def _billed_to(invoice: Invoice) -> tuple[str, ...]:
    """The lines under the client's name; the last is the country, where it is another than the studio's."""
    client, sender = invoice.client, invoice.studio.country
    is_abroad = client.address_lines and client.country and client.country != sender
    country = on_the_envelope(client.country or "", sender, invoice.language) if is_abroad else ""
    return tuple(line for line in (client.company, *client.address_lines, country) if line)


def _rows(invoice: Invoice, wording: Wording) -> tuple[Row, ...]:
    depths = [0, *(line.depth for line in invoice.lines), 0]
    return tuple(
        _row(line, invoice.currency, wording, _place(*depths[number : number + 3]))
        for number, line in enumerate(invoice.lines)
    )


def _place(before: int, depth: int, after: int) -> str:
    if depth <= 0:
        return ""
    return " nested" + (" first" if before <= 0 else "") + (" last" if after <= 0 else "")


def _row(line: InvoiceLine, currency: str, wording: Wording, place: str) -> Row:
    amount = wording.amount(Money(line.amount_minor, currency))
    included = line.depth > 0 and line.amount_minor == 0
    return Row(
        name=line.name,
        details=tuple(lines(line.description)),
        counted=_counted(line, currency, wording, included),
        amount="" if included else amount,
        depth=min(max(line.depth, 0), 3),
        place=place,
    )


def _counted(line: InvoiceLine, currency: str, wording: Wording, included: bool) -> str:
    if line.quantity == 1:
        return ""
    quantity = wording.quantity(line.quantity)
    times = "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}"
    return quantity if included else f"{quantity}{times}{wording.amount(Money(line.unit_minor, currency))}"


def _sums(invoice: Invoice, wording: Wording) -> list[Sum]:
    def figure(minor: int) -> str:
        return wording.amount(Money(minor, invoice.currency))

    added = [
        _taken(wording.say("sheet.discount"), invoice.pre_tax_discount_minor, figure(-invoice.pre_tax_discount_minor)),
        *(_tax(tax, invoice.currency, wording) for tax in invoice.taxes if not tax.inclusive),
        _taken(
            wording.say("sheet.further_discount"),
            invoice.after_tax_discount_minor,
            figure(-invoice.after_tax_discount_minor),
        ),
    ]
    changes = [row for row in added if row is not None]
    subtotal = [Sum(wording.say("sheet.subtotal"), figure(invoice.subtotal_minor))] if changes else []
    included = [_included_tax(tax, invoice.currency, wording) for tax in invoice.taxes if tax.inclusive]
    deductions = [Sum(_received(item, wording), figure(-item.amount_minor)) for item in invoice.deductions]
    total = Sum(wording.say("sheet.total"), figure(invoice.total_minor), "total" if deductions else "balance")
    balance = [Sum(wording.say("sheet.balance"), figure(invoice.amount_due_minor), "balance")] if deductions else []
    return [*subtotal, *changes, total, *included, *deductions, *balance]


def _taken(label: str, minor: int, figure: str) -> Sum | None:
    return Sum(label, figure) if minor else None


def _tax(tax: TaxLine, currency: str, wording: Wording) -> Sum:
    base = wording.amount(Money(tax.base_minor, currency))
    label = wording.say("sheet.tax", name=breakable(one_line(tax.name)), rate=wording.percent(tax.rate), base=base)
    return Sum(label, wording.amount(Money(tax.amount_minor, currency)))


def _included_tax(tax: TaxLine, currency: str, wording: Wording) -> Sum:
    label = wording.say("sheet.tax_included", name=breakable(one_line(tax.name)), rate=wording.percent(tax.rate))
    return Sum(label, wording.amount(Money(tax.amount_minor, currency)), "note")


def _received(deduction: Deduction, wording: Wording) -> str:
    what = wording.say("sheet.retainer" if deduction.kind == "retainer" else "sheet.payment")
    if deduction.received_on is None:
        return what
    return wording.say("sheet.received", what=what, date=wording.full_date(deduction.received_on))
