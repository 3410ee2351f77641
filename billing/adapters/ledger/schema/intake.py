"""Intake: every outside fact, raw, once; and the sessions it tells of."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint
from sqlalchemy import text as sql

from billing.adapters.ledger.columns import BigInt, day, instant, number, text
from billing.adapters.ledger.schema.base import sequence, table

source_records = table(  # every version of every object that the booking system showed us; append only
    "source_records",
    Column("record_id", BigInt, primary_key=True, autoincrement=False),  # counts changes of links, too
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

record_links = table(  # which objects belong to which job, and from when until when; numbered as the records are
    "record_links",
    text("source", primary_key=True),
    text("job_id", primary_key=True),
    text("kind", primary_key=True),
    text("source_id", primary_key=True),
    Column("linked_from", BigInt, primary_key=True, autoincrement=False),  # known with this number and later ones
    number("gone_after", nullable=True),  # the last number with which it was known to belong to the job
    Index(
        "uq_record_links_one_at_a_time", "source", "job_id", "kind", "source_id", unique=True,
        sqlite_where=sql("gone_after is null"), postgresql_where=sql("gone_after is null"),
    ),
    Index("ix_record_links_linked_from", "linked_from"),
    Index("ix_record_links_gone_after", "gone_after"),
)  # fmt: skip

cursors = table("cursors", text("name", primary_key=True), text("value"), instant("updated_at"))

provider_events = table(  # what the payment provider hinted at; ends applied, ignored or in review
    "provider_events",
    sequence("inbox_id"),
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
    Index("ix_provider_events_in_state", "provider", "state", "inbox_id"),
)

sessions = table(  # one completed session of the booking system, from the moment the trigger was observed
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
    instant("unanswered_since", nullable=True),
    instant("tried_at", nullable=True),
    instant("settled_at", nullable=True),
    UniqueConstraint("source", "job_id"),
    CheckConstraint("state in ('expected', 'due', 'billed', 'attention', 'history', 'excluded')", name="state"),
    Index("ix_sessions_state", "state"),
)
