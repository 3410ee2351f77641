"""Intake: every outside fact, raw, once; and the sessions it tells of."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql

from billing.adapters.ledger.columns import day, instant, number, text
from billing.adapters.ledger.schema.base import sequence, table

source_records = table(  # every version of every object that the booking system showed us; append only
    "source_records",
    sequence("record_id"),
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

record_links = table(  # which objects belong to which job
    "record_links",
    text("source", primary_key=True),
    text("job_id", primary_key=True),
    text("kind", primary_key=True),
    text("source_id", primary_key=True),
    number("gone_after", nullable=True),  # the newest source record when the job was first seen without the object
)

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
    Index("ix_provider_events_waiting", "inbox_id", sqlite_where=sql("state = 'waiting'")),
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
    instant("settled_at", nullable=True),
    UniqueConstraint("source", "job_id"),
    CheckConstraint("state in ('expected', 'due', 'billed', 'attention', 'history', 'excluded')", name="state"),
    Index("ix_sessions_state", "state"),
)
