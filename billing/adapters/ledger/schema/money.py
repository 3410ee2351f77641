"""Money: consents, pay links, payments, the journal."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, UniqueConstraint
from sqlalchemy import text as sql

from billing.adapters.ledger.columns import BigInt, day, instant, number, text
from billing.adapters.ledger.schema.base import in_order, sequence, table

consents = table(  # who may be charged off-session, with what, and to which text they agreed
    "consents",
    sequence("consent_id"),
    text("client_id"),
    text("customer_id"),
    text("payment_method_id"),
    text("label"),
    text("text_version"),
    instant("consented_at"),
    instant("recorded_at"),
    text("actor"),
    instant("revoked_at", nullable=True),
    in_order("recorded_seq"),
    number("revoked_seq", nullable=True),
    Index("ix_consents_client_id", "client_id"),
    Index(
        "uq_consents_live", "client_id", unique=True,
        sqlite_where=sql("revoked_at is null"), postgresql_where=sql("revoked_at is null"),
    ),
)  # fmt: skip

pay_links = table(
    "pay_links",
    text("link_id", primary_key=True),
    text("invoice_id", index=True),
    text("url"),
    number("amount_minor"),
    instant("created_at"),
    instant("closed_at", nullable=True),
    in_order("made_seq"),
)

payments = table(  # money received, once per (provider, object, kind); append only
    "payments",
    text("payment_id", primary_key=True),
    text("provider"),
    text("provider_object_id"),
    text("kind"),
    text("invoice_id", nullable=True, index=True),
    text("currency"),
    number("amount_minor"),
    number("fee_minor"),
    text("method_label"),
    text("method_kind"),  # autopay | link | elsewhere
    instant("captured_at"),
    day("received_on"),
    instant("recorded_at"),
    UniqueConstraint("provider", "provider_object_id", "kind"),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    Index("ix_payments_recorded", "provider", "recorded_at"),
)

allocations = table(  # which part of a payment pays which invoice; what is left over is client credit
    "allocations",
    text("payment_id", primary_key=True),
    text("invoice_id", primary_key=True),
    number("amount_minor"),
    Index("ix_allocations_invoice_id", "invoice_id"),
)

journal_transactions = table(  # double entry; append only, each row hashed over the one before
    "journal_transactions",
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    in_order("ledger_seq"),
    text("transaction_id", unique=True),
    text("kind"),
    text("subject_id", index=True),
    day("posted_on"),
    instant("posted_at"),
    text("previous_hash"),
    text("hash"),
)

journal_entries = table(  # debit positive, credit negative
    "journal_entries",
    text("transaction_id", ForeignKey("journal_transactions.transaction_id"), primary_key=True),
    number("position", primary_key=True, autoincrement=False),
    text("account"),
    text("detail"),  # product type of revenue, name and rate of a tax, invoice of a receivable
    text("currency"),
    number("amount_minor"),
    CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
    Index("ix_journal_entries_account_detail", "account", "detail"),
)
