"""Invoices for the tests of the documents: a wedding with a package, a discount, tax and a retainer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from billing.domain.invoices import (
    BilledClient,
    BilledSession,
    Collection,
    Deduction,
    Invoice,
    InvoiceLine,
    Studio,
    TaxLine,
)

PAY_URL = "https://pay.northlight.example/i/9fQ2mZc7T1xVbK4sLw8eRy"

LOGO = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

STUDIO = Studio(
    name="North Light",
    address_lines=("12 Harbour Lane", "Bristol BS1 4QA"),
    country="GB",
    email="studio@northlight.example",
    phone="+44 117 496 0000",
    website="northlight.example",
    tax_id="GB 123 4567 89",
    bank_details=("IBAN GB33 BUKB 2020 1555 5555 55", "BIC BUKBGB22"),
    terms="Payment is due within 14 days.\nThe licence covers private use.",
)
CLIENT = BilledClient("c1", "Anna Berger", ("anna@example.com",), ("8 Rosemount Crescent", "Edinburgh EH10 4JR"), "GB")
SESSION = BilledSession("j1", "Anna & Ben, wedding", date(2026, 2, 14), "Dirleton Castle", "Mara Lindqvist")


def line(position: int, name: str, amount_minor: int = 0, **changes: Any) -> InvoiceLine:
    facts = {
        "depth": 0,
        "description": "",
        "product_type": "service",
        "quantity": Decimal(1),
        "unit_minor": amount_minor,
        "discount_minor": 0,
        "included_tax_minor": 0,
        "taxable": True,
    }
    return InvoiceLine(position=position, name=name, amount_minor=amount_minor, **(facts | changes))


LINES = (
    line(1, "Wedding day, full coverage", 180000, description="Ten hours"),
    line(2, "Second photographer", depth=1),
    line(3, "Edited photographs", depth=1, quantity=Decimal("400.00")),
    line(4, "Fine art album", 49000, quantity=Decimal(2), unit_minor=24500),
    line(5, "Travel", 3780, quantity=Decimal("84"), unit_minor=45),
)


def invoice(**changes: Any) -> Invoice:
    facts: dict[str, Any] = {
        "invoice_id": "inv_1",
        "number": "2026-0042",
        "session_id": "vsco:01",
        "part": "o1",
        "order_number": "1007",
        "currency": "EUR",
        "issued_on": date(2026, 3, 3),
        "due_on": date(2026, 4, 3),
        "language": "en",
        "page_size": "A4",
        "studio": STUDIO,
        "client": CLIENT,
        "session": SESSION,
        "lines": LINES,
        "subtotal_minor": 232780,
        "pre_tax_discount_minor": 12780,
        "taxes": (TaxLine("VAT", Decimal("0.20"), False, 220000, 44000),),
        "after_tax_discount_minor": 0,
        "total_minor": 264000,
        "deductions": (Deduction("retainer", "p1", date(2026, 1, 3), 140000),),
        "amount_due_minor": 124000,
        "collection": Collection.INVOICE,
    }
    return Invoice(**(facts | changes))


def plain_invoice(amount_minor: int, currency: str, **changes: Any) -> Invoice:
    """One line, no tax, no discount, nothing paid."""
    return invoice(
        currency=currency,
        lines=(line(1, "Portrait session", amount_minor),),
        subtotal_minor=amount_minor,
        pre_tax_discount_minor=0,
        taxes=(),
        total_minor=amount_minor,
        deductions=(),
        amount_due_minor=amount_minor,
        **changes,
    )


def long_invoice(sessions: int) -> Invoice:
    lines = []
    for number in range(sessions):
        lines += [
            line(2 * number, f"Session {number}", 1000, description="Two hours, one background"),
            line(2 * number + 1, f"Prints of {number}", depth=1, quantity=Decimal(20)),
        ]
    return invoice(lines=tuple(lines))


def loose(text: str) -> str:
    """With plain spaces for those that hold a date or an amount together."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
