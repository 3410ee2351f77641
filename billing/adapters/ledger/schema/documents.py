"""Drafts, finalized invoices and the bytes that were sent."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, UniqueConstraint

from billing.adapters.ledger.columns import content, day, instant, number, text
from billing.adapters.ledger.schema.base import table

number_series = table("number_series", text("series", primary_key=True), number("next_sequence"))

drafts = table(  # an invoice before it has a number; in review mode it waits here for a person
    "drafts",
    text("invoice_id", primary_key=True),
    text("session_id", index=True),
    text("part", index=True),
    text("state"),
    text("snapshot"),
    instant("created_at"),
    instant("decided_at", nullable=True),
    text("decided_by", nullable=True),
    CheckConstraint("state in ('waiting', 'approved', 'finalized', 'discarded')", name="state"),
)

invoices = table(  # finalized and frozen; append only
    "invoices",
    text("invoice_id", primary_key=True),
    text("series"),
    number("sequence"),
    text("number", unique=True),
    text("session_id"),
    text("part", index=True),
    number("revision"),
    text("client_id", index=True),
    text("client_name"),
    text("currency"),
    text("collection"),
    day("issued_on"),
    day("due_on"),
    day("session_on", nullable=True),
    number("subtotal_minor"),
    number("pre_tax_discount_minor"),
    number("exclusive_tax_minor"),
    number("after_tax_discount_minor"),
    number("total_minor"),
    number("deductions_minor"),
    number("amount_due_minor"),
    instant("trigger_observed_at"),
    instant("priced_at"),
    instant("finalized_at", index=True),
    number("record_horizon"),  # the newest source record that was known when this was billed
    text("snapshot"),
    text("snapshot_sha256"),
    UniqueConstraint("series", "sequence"),
    UniqueConstraint("session_id", "part", "revision"),
    CheckConstraint("total_minor >= 0", name="total_not_negative"),
    CheckConstraint("amount_due_minor >= 0", name="amount_due_not_negative"),
)

invoice_lines = table(
    "invoice_lines",
    text("invoice_id", primary_key=True),
    number("position", primary_key=True, autoincrement=False),
    number("depth"),
    text("name"),
    text("product_type"),
    text("quantity"),
    number("unit_minor"),
    number("amount_minor"),
    number("discount_minor"),
    number("included_tax_minor"),
    number("taxable"),
)

invoice_taxes = table(
    "invoice_taxes",
    text("invoice_id", primary_key=True),
    number("position", primary_key=True, autoincrement=False),
    text("name"),
    text("rate"),
    number("inclusive"),
    number("base_minor"),
    number("amount_minor"),
)

invoice_deductions = table(
    "invoice_deductions",
    text("invoice_id", primary_key=True),
    number("position", primary_key=True, autoincrement=False),
    text("kind"),
    text("source_payment_id"),
    day("received_on", nullable=True),
    number("amount_minor"),
)

invoice_voids = table(
    "invoice_voids", text("invoice_id", primary_key=True), instant("voided_at"), text("actor"), text("reason")
)

documents = table(  # the bytes that were sent, and their hash; append only
    "documents",
    text("subject_id", primary_key=True),
    text("kind", primary_key=True),
    text("sha256"),
    number("size_bytes"),
    instant("created_at"),
    content("content"),
)
