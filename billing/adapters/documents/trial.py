"""A sheet with the studio's own head, set for trial: what each invoice would fail at is found before there is one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing.adapters.documents.typesetter import typeset
from billing.domain.errors import PermanentError
from billing.domain.invoices import (
    BilledClient,
    BilledSession,
    Collection,
    Invoice,
    InvoiceLine,
    Studio,
    invoice_number,
    page_size_for,
)
from billing.ports.outside import RenderJob

_DAY = date(2026, 1, 31)


def set_for_trial(studio: Studio, series: str, language: str) -> int:
    """The size of the PDF in bytes. PermanentError `trial` says why there can be none."""
    job = RenderJob(_invoice(studio, series, language), "https://pay.example/trial")
    try:
        return len(typeset(job))
    except PermanentError as error:
        what = "With the studio's own head and terms no invoice could be printed; tried out:"
        raise PermanentError("trial", f"{what} {error.sentence}") from error


def _invoice(studio: Studio, series: str, language: str) -> Invoice:
    line = InvoiceLine(1, 0, "Portrait", "", "", Decimal(1), 10000, 10000, 0, 0, taxable=False)
    return Invoice(
        invoice_id="trial",
        number=invoice_number(series, 1),
        session_id="trial",
        part="trial",
        order_number=None,
        currency="EUR",
        issued_on=_DAY,
        due_on=_DAY,
        language=language,
        page_size=page_size_for(studio.country),
        studio=studio,
        client=BilledClient("trial", "Ada Lovelace", ("ada@client.example",)),
        session=BilledSession("trial", "Portrait", _DAY, None, None),
        lines=(line,),
        subtotal_minor=10000,
        pre_tax_discount_minor=0,
        taxes=(),
        after_tax_discount_minor=0,
        total_minor=10000,
        deductions=(),
        amount_due_minor=10000,
        collection=Collection.INVOICE,
    )
