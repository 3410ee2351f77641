"""The ledger's tables. What a row means is said here once; the migrations in sql/ledger build the same.

Money is integer minor units (`…_minor`), instants are UTC (`…_at`), dates are the studio's (`…_on`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, Table, UniqueConstraint
from sqlalchemy import text as sql

from billing.adapters.ledger.columns import BigInt, content, day, instant, number, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _table(name: str, *columns: Any) -> Table:
    return Table(name, metadata, *columns, sqlite_strict=True)


def _sequence(name: str) -> Column[int]:
    return Column(name, BigInt, primary_key=True, autoincrement=True)


# --- intake: every outside fact, raw, once -------------------------------------------------------------------------

source_records = _table(  # every version of every object that the booking system showed us; append only
    "source_records",
    _sequence("record_id"),
    text("source"),
    text("kind"),
    text("source_id"),
    number("version"),
    instant("modified_at", nullable=True),
    instant("observed_at"),
    text("body"),
    text("body_sha256"),
    UniqueConstraint("source", "kind", "source_id", "version"),
)

record_links = _table(  # which objects belong to which job
    "record_links",
    text("source", primary_key=True),
    text("job_id", primary_key=True),
    text("kind", primary_key=True),
    text("source_id", primary_key=True),
)

cursors = _table("cursors", text("name", primary_key=True), text("value"), instant("updated_at"))

provider_events = _table(  # what the payment provider hinted at; ends applied, ignored or in review
    "provider_events",
    _sequence("inbox_id"),
    text("provider"),
    text("event_id"),
    text("kind"),
    text("object_id"),
    text("payment_id", nullable=True),
    instant("occurred_at"),
    instant("received_at"),
    text("body"),
    text("state"),
    text("reason", nullable=True),
    instant("settled_at", nullable=True),
    UniqueConstraint("provider", "event_id"),
    CheckConstraint("state in ('waiting', 'applied', 'ignored', 'review')", name="state"),
    Index("ix_provider_events_waiting", "inbox_id", sqlite_where=sql("state = 'waiting'")),
)

# --- sessions and documents ----------------------------------------------------------------------------------------

sessions = _table(  # one completed session of the booking system, from the moment the trigger was observed
    "sessions",
    text("session_id", primary_key=True),
    text("source"),
    text("job_id"),
    text("name"),
    text("state"),
    text("reason", nullable=True),
    text("trigger_policy"),
    day("completed_on", nullable=True),
    instant("first_observed_at"),
    instant("records_fetched_at", nullable=True),
    instant("settled_at", nullable=True),
    UniqueConstraint("source", "job_id"),
    CheckConstraint("state in ('expected', 'due', 'billed', 'attention', 'history', 'excluded')", name="state"),
    Index("ix_sessions_state", "state"),
)

number_series = _table("number_series", text("series", primary_key=True), number("next_sequence"))

drafts = _table(  # an invoice before it has a number; in review mode it waits here for a person
    "drafts",
    text("invoice_id", primary_key=True),
    text("session_id"),
    text("part"),
    text("state"),
    text("snapshot"),
    instant("created_at"),
    instant("decided_at", nullable=True),
    text("decided_by", nullable=True),
    CheckConstraint("state in ('waiting', 'approved', 'finalized', 'discarded')", name="state"),
)

invoices = _table(  # finalized and frozen; append only
    "invoices",
    text("invoice_id", primary_key=True),
    text("series"),
    number("sequence"),
    text("number", unique=True),
    text("session_id"),
    text("part"),
    number("revision"),
    text("client_id"),
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
    CheckConstraint("amount_due_minor > 0", name="amount_due_positive"),
)

invoice_lines = _table(
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

invoice_taxes = _table(
    "invoice_taxes",
    text("invoice_id", primary_key=True),
    number("position", primary_key=True, autoincrement=False),
    text("name"),
    text("rate"),
    number("inclusive"),
    number("base_minor"),
    number("amount_minor"),
)

invoice_deductions = _table(
    "invoice_deductions",
    text("invoice_id", primary_key=True),
    number("position", primary_key=True, autoincrement=False),
    text("kind"),
    text("source_payment_id"),
    day("received_on", nullable=True),
    number("amount_minor"),
)

invoice_voids = _table(
    "invoice_voids", text("invoice_id", primary_key=True), instant("voided_at"), text("actor"), text("reason")
)

documents = _table(  # the bytes that were sent, and their hash; append only
    "documents",
    text("subject_id", primary_key=True),
    text("kind", primary_key=True),
    text("sha256"),
    number("size_bytes"),
    instant("created_at"),
    content("content"),
)

# --- money -----------------------------------------------------------------------------------------------------------

consents = _table(  # who may be charged off-session, with what, and to which text they agreed
    "consents",
    _sequence("consent_id"),
    text("client_id"),
    text("customer_id"),
    text("payment_method_id"),
    text("label"),
    text("text_version"),
    instant("consented_at"),
    instant("recorded_at"),
    text("actor"),
    instant("revoked_at", nullable=True),
    Index(
        "uq_consents_live", "client_id", unique=True,
        sqlite_where=sql("revoked_at is null"), postgresql_where=sql("revoked_at is null"),
    ),
)  # fmt: skip

pay_links = _table(
    "pay_links",
    text("link_id", primary_key=True),
    text("invoice_id", index=True),
    text("url"),
    number("amount_minor"),
    instant("created_at"),
    instant("closed_at", nullable=True),
)

payments = _table(  # money received, once per (provider, object, kind); append only
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
)

allocations = _table(  # which part of a payment pays which invoice; what is left over is client credit
    "allocations",
    text("payment_id", primary_key=True),
    text("invoice_id", primary_key=True),
    number("amount_minor"),
    Index("ix_allocations_invoice_id", "invoice_id"),
)

journal_transactions = _table(  # double entry; append only, each row hashed over the one before
    "journal_transactions",
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    text("transaction_id", unique=True),
    text("kind"),
    text("subject_id", index=True),
    day("posted_on"),
    instant("posted_at"),
    text("previous_hash"),
    text("hash"),
)

journal_entries = _table(  # debit positive, credit negative
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

# --- what was decided, and what must be done outside -----------------------------------------------------------------

domain_events = _table(  # what happened, as sentences of the business; append only, hashed like the journal
    "domain_events",
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    text("event_id", unique=True),
    text("kind"),
    text("subject_id", index=True),
    text("actor"),
    instant("at"),
    text("body"),
    text("previous_hash"),
    text("hash"),
)

effects = _table(  # one row for each thing that must be done outside, committed before it is done
    "effects",
    text("effect_id", primary_key=True),
    text("kind"),
    text("purpose"),
    text("subject_id"),
    text("key", unique=True),
    text("parameters"),
    text("parameters_sha256"),
    text("state"),
    instant("not_before"),
    number("attempts"),
    text("lease_owner", nullable=True),
    number("lease_fence"),
    instant("lease_until", nullable=True),
    text("provider_reference", nullable=True),
    text("outcome_code", nullable=True),
    text("outcome", nullable=True),
    instant("created_at"),
    instant("settled_at", nullable=True),
    CheckConstraint(
        "state in ('ready', 'in_flight', 'done', 'failed', 'unknown', 'cancelled')", name="state"
    ),
    Index("ix_effects_subject", "subject_id", "kind", "purpose"),
    Index("ix_effects_due", "state", "kind", "not_before"),
    Index(
        "uq_effects_one_mail", "subject_id", "purpose", unique=True,
        sqlite_where=sql("kind = 'mail' and state in ('ready', 'in_flight', 'unknown', 'done')"),
        postgresql_where=sql("kind = 'mail' and state in ('ready', 'in_flight', 'unknown', 'done')"),
    ),
    Index(
        "uq_effects_open_charge", "subject_id", unique=True,
        sqlite_where=sql("kind = 'charge' and state in ('ready', 'in_flight', 'unknown')"),
        postgresql_where=sql("kind = 'charge' and state in ('ready', 'in_flight', 'unknown')"),
    ),
)  # fmt: skip

grants = _table(  # a gallery opened for a client; revoked_at closes it
    "grants",
    text("grant_id", primary_key=True),
    text("invoice_id", index=True),
    text("session_id"),
    text("host"),
    text("gallery_id"),
    text("gallery_name"),
    text("url"),
    text("password", nullable=True),
    text("pin", nullable=True),
    day("expires_on", nullable=True),
    instant("granted_at"),
    instant("revoked_at", nullable=True),
)

attention = _table(  # what waits for a person, with a sentence that says what to do
    "attention",
    _sequence("attention_id"),
    text("subject_id"),
    text("code"),
    text("sentence"),
    instant("opened_at"),
    instant("resolved_at", nullable=True),
    text("resolved_by", nullable=True),
    Index(
        "uq_attention_open", "subject_id", "code", unique=True,
        sqlite_where=sql("resolved_at is null"), postgresql_where=sql("resolved_at is null"),
    ),
)  # fmt: skip

pauses = _table(  # reminders of one invoice are paused by a person
    "pauses",
    _sequence("pause_id"),
    text("invoice_id", index=True),
    text("actor"),
    text("reason"),
    instant("paused_at"),
    instant("lifted_at", nullable=True),
)

commands = _table(  # the command door: every human act has an actor, a reason and a time
    "commands",
    _sequence("command_id"),
    text("name"),
    text("arguments"),
    text("actor"),
    text("reason"),
    instant("submitted_at"),
    text("state"),
    text("outcome", nullable=True),
    instant("settled_at", nullable=True),
    CheckConstraint("state in ('waiting', 'done', 'refused')", name="state"),
    Index("ix_commands_state", "state"),
)

pins = _table("pins", text("name", primary_key=True), text("value"), instant("pinned_at"))

chain_heads = _table("chain_heads", text("chain", primary_key=True), number("seq"), text("hash"))

APPEND_ONLY = (
    source_records,
    invoices,
    invoice_lines,
    invoice_taxes,
    invoice_deductions,
    invoice_voids,
    documents,
    payments,
    allocations,
    journal_transactions,
    journal_entries,
    domain_events,
)
