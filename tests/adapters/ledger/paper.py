"""Rows to fill a ledger with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.adapters.ledger.unit_of_work import SqlLedger, SqlUnitOfWork
from billing.domain.books import post_invoice
from billing.domain.effects import EffectKind, Intent
from billing.domain.invoices import (
    BilledClient,
    BilledSession,
    Collection,
    Invoice,
    InvoiceLine,
    Studio,
    invoice_number,
)
from billing.domain.money import Money
from billing.ports.ledger import FinalizationFacts, PaymentRow, SessionRow
from billing.ports.outside import RawRecord

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
DRAFT = Invoice(
    invoice_id="inv_1", number=None, session_id="vsco:j1", part="o1", order_number=None, currency="EUR",
    issued_on=date(2026, 3, 2), due_on=date(2026, 3, 16), language="en", page_size="A4",
    studio=Studio("North Light", (), "DE", "hello@northlight.example"),
    client=BilledClient("c1", "Ada", ("a@b.example",)),
    session=BilledSession("j1", "Portrait", None, None, None),
    lines=(InvoiceLine(0, 0, "Portrait", "", "Photography", Decimal(1), 500, 500, 0, 0, False),),
    subtotal_minor=500, pre_tax_discount_minor=0, taxes=(), after_tax_discount_minor=0, total_minor=500, deductions=(),
    amount_due_minor=500, collection=Collection.INVOICE,
)  # fmt: skip


def finalize(
    uow: SqlUnitOfWork,
    invoice_id: str = "inv_1",
    part: str = "",
    series: str = "INV-",
    at: datetime = NOW,
    **changes: Any,
) -> Invoice:
    """Unless told otherwise, each job jN has an order oN of its own."""
    part = part or str(changes.get("session_id", DRAFT.session_id)).replace("vsco:j", "o")
    sequence = uow.invoices.next_sequence(series)
    draft = replace(DRAFT, invoice_id=invoice_id, part=part, **changes)
    invoice = draft.numbered(invoice_number(series, sequence), draft.issued_on, draft.due_on)
    revision = uow.invoices.revisions(invoice.session_id, part)[0] + 1
    uow.invoices.add(invoice, FinalizationFacts(series, sequence, revision, at, at, at, uow.records.horizon()))
    for posting in post_invoice(invoice):
        uow.journal.post(posting, NOW)
    return invoice


def finalized(ledger: SqlLedger, invoice_id: str = "inv_1", part: str = "", **changes: Any) -> Invoice:
    with ledger.write() as uow:
        return finalize(uow, invoice_id, part, **changes)


def session(job_id: str = "j1", state: str = "due") -> SessionRow:
    return SessionRow(f"vsco:{job_id}", "vsco", job_id, "Portrait", state, date(2026, 3, 1), NOW, None)


def record(source_id: str = "j1", body: str = "{}", kind: str = "job") -> RawRecord:
    return RawRecord(kind, source_id, NOW, body)


def payment(object_id: str = "pi_1", invoice_id: str | None = "inv_1", minor: int = 500) -> PaymentRow:
    return PaymentRow(
        f"pay_{object_id}", "stripe", object_id, invoice_id, Money(minor, "EUR"), Money(15, "EUR"), "Visa", "link", NOW,
        NOW.date(),
    )  # fmt: skip


def mail(subject: str = "inv_1", purpose: str = "reminder:first", occasion: str = "") -> Intent:
    return Intent(EffectKind.MAIL, purpose, subject, {"to": "a@b.example"}, occasion=occasion)


def charge(subject: str = "inv_1", purpose: str = "autopay") -> Intent:
    return Intent(EffectKind.CHARGE, purpose, subject, {"amount_minor": 500})
