"""An invoice on a terminal: who, for what, and how the amount comes about."""

from __future__ import annotations

import json
from typing import Any

from billing.cli.tables import printable, table
from billing.domain import canonical
from billing.domain.invoices import Invoice
from billing.domain.money import Money


def invoice_text(invoice: Invoice) -> str:
    """Head, lines, and the sums below them."""
    head = [
        f"{invoice.number or 'draft ' + invoice.invoice_id}  {printable(invoice.client.name)}",
        f"{printable(invoice.session.name)}, session on {invoice.session.session_on or 'an unknown day'},"
        f" order {invoice.order_number or invoice.part}",
        f"issued {invoice.issued_on}, due {invoice.due_on}, {_collection(invoice)}",
    ]
    rows = [
        ("  " * line.depth + line.name, f"{line.quantity.normalize():f}", _amount(invoice, line.amount_minor))
        for line in invoice.lines
    ]
    return (
        "\n".join(head)
        + "\n\n"
        + table(("Line", "Quantity", "Amount"), rows + _sums(invoice), right=("Quantity", "Amount"))
    )


def invoice_json(invoice: Invoice) -> dict[str, Any]:
    """All of it as the ledger keeps it; amounts in minor units. Without the logo, which is long and nobody's news."""
    body: dict[str, Any] = json.loads(canonical.dumps(invoice))
    body["studio"].pop("logo", None)
    return body


def _sums(invoice: Invoice) -> list[tuple[str, str, str]]:
    rows = [("Subtotal", invoice.subtotal_minor)]
    if invoice.pre_tax_discount_minor:
        rows.append(("Discount", -invoice.pre_tax_discount_minor))
    for tax in invoice.taxes:
        rate = f"{(tax.rate * 100).normalize():f} %"
        rows.append((f"{tax.name} {rate}{' (included)' if tax.inclusive else ''}", tax.amount_minor))
    if invoice.after_tax_discount_minor:
        rows.append(("Discount after tax", -invoice.after_tax_discount_minor))
    rows.append(("Total", invoice.total_minor))
    for deduction in invoice.deductions:
        day = f" of {deduction.received_on}" if deduction.received_on else ""
        rows.append((f"{deduction.kind.capitalize()}{day}", -deduction.amount_minor))
    rows.append(("Amount due", invoice.amount_due_minor))
    return [(name, "", _amount(invoice, minor)) for name, minor in rows]


def _amount(invoice: Invoice, minor: int) -> str:
    return str(Money(minor, invoice.currency))


def _collection(invoice: Invoice) -> str:
    if not invoice.amount_due_minor:
        return "paid already"
    return f"charged to {invoice.card_label}" if invoice.card_label else "sent with a pay link"
