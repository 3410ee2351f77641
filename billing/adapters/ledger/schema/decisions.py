"""What was decided, what must be done outside, and what waits for people."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index
from sqlalchemy import text as sql

from billing.adapters.ledger.columns import BigInt, day, instant, number, text
from billing.adapters.ledger.schema.base import in_order, sequence, table

domain_events = table(  # what happened, as sentences of the business; append only, hashed like the journal
    "domain_events",
    Column("seq", BigInt, primary_key=True, autoincrement=False),
    in_order("ledger_seq"),
    text("event_id", unique=True),
    text("kind"),
    text("subject_id", index=True),
    text("actor"),
    instant("at"),
    text("body"),
    text("previous_hash"),
    text("hash"),
)

effects = table(  # one row for each thing that must be done outside, committed before it is done
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
    instant("unknown_since", nullable=True),
    number("asked", server_default="0"),  # how often the outside was asked how an unknown attempt ended
    in_order("intended_seq"),
    CheckConstraint(
        "state in ('ready', 'in_flight', 'done', 'failed', 'unknown', 'cancelled')", name="state"
    ),
    Index("ix_effects_subject", "subject_id", "kind", "purpose"),
    Index("ix_effects_due", "state", "kind", "not_before"),
    Index("ix_effects_ended", "state", "kind", "settled_at"),  # how many today
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

grants = table(  # a gallery opened for a client; revoked_at closes it
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
    in_order("granted_seq"),
    number("revoked_seq", nullable=True),
    Index("ix_grants_of_session", "session_id", "revoked_at"),
)

attention = table(  # what waits for a person, with a sentence that says what to do
    "attention",
    sequence("attention_id"),
    text("subject_id"),
    text("code"),
    text("sentence"),
    instant("opened_at"),
    instant("resolved_at", nullable=True),
    text("resolved_by", nullable=True),
    Index("ix_attention_subject", "subject_id", "code"),
    Index(
        "uq_attention_open", "subject_id", "code", unique=True,
        sqlite_where=sql("resolved_at is null"), postgresql_where=sql("resolved_at is null"),
    ),
)  # fmt: skip

pauses = table(  # reminders of one invoice are paused by a person
    "pauses",
    sequence("pause_id"),
    text("invoice_id", index=True),
    text("actor"),
    text("reason"),
    instant("paused_at"),
    instant("lifted_at", nullable=True),
)

commands = table(  # the command queue: every human act has an actor, a reason and a time
    "commands",
    sequence("command_id"),
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

pins = table("pins", text("name", primary_key=True), text("value"), instant("pinned_at"))

chain_heads = table("chain_heads", text("chain", primary_key=True), number("seq"), text("hash"))
