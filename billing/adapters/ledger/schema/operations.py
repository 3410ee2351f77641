"""Operations: when nothing may go out, who last did their work, and what a reconciliation found."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index
from sqlalchemy import text as sql

from billing.adapters.ledger.columns import BigInt, instant, number, text
from billing.adapters.ledger.schema.base import sequence, table

holds = table(  # while one is open nothing is done outside: after a restore, or because a person said stop
    "holds",
    sequence("hold_id"),
    text("cause"),  # restored | asked_for
    text("reason"),
    text("actor"),
    instant("placed_at"),
    instant("lifted_at", nullable=True),
    text("lifted_by", nullable=True),
    Index(
        "uq_holds_open", "cause", unique=True,
        sqlite_where=sql("lifted_at is null"), postgresql_where=sql("lifted_at is null"),
    ),
)  # fmt: skip

ledger_clock = table(  # one row: how far the ledger's own order has come, and what the machine's clock has shown it
    "ledger_clock",
    text("name", primary_key=True),
    number("seq"),
    instant("latest_at"),  # the latest moment that it has seen
    instant("shown_at", nullable=True),  # the moment that it was shown last, when the watchdog looked
    instant("set_back_at", nullable=True),  # while the clock is behind: what it showed when that was noticed
)

heartbeats = table(  # the watchdog: when each sensor and job last did its work
    "heartbeats",
    text("name", primary_key=True),
    number("every_seconds"),  # how often it is expected to
    instant("succeeded_at"),
)

server_ends = table(  # a server of `billing up` ended by itself, or was killed; its supervisor starts it again
    "server_ends",
    sequence("end_id"),
    text("server"),
    instant("ended_at"),  # by this machine's clock, as all of this table
    number("exit_code", nullable=True),
    number("signal", nullable=True),  # neither: it could not be started
    number("lived_seconds"),
    Index("ix_server_ends_ended_at", "ended_at"),
    CheckConstraint("exit_code is null or signal is null", name="one_way"),
    CheckConstraint("lived_seconds >= 0", name="lived"),
)

reconciliations = table(  # one comparison of the ledger with what is outside
    "reconciliations",
    sequence("reconciliation_id"),
    text("scope"),  # stripe | vsco | galleries
    instant("started_at"),
    instant("finished_at"),
    number("compared"),
    number("differences"),
)

differences = table(  # one thing on which the ledger and the outside do not agree; closed when they do again
    "differences",
    Column("difference_id", BigInt, primary_key=True, autoincrement=True),
    text("scope"),
    text("subject_id"),
    text("cause"),  # a stable code
    text("currency", nullable=True),
    number("ledger_minor", nullable=True),
    number("outside_minor", nullable=True),
    text("sentence"),  # what differs and what to do
    instant("found_at"),
    instant("closed_at", nullable=True),
    number("reconciliation_id"),
    Index(
        "uq_differences_open", "scope", "subject_id", "cause", unique=True,
        sqlite_where=sql("closed_at is null"), postgresql_where=sql("closed_at is null"),
    ),
    CheckConstraint("scope in ('stripe', 'vsco', 'galleries')", name="scope"),
)  # fmt: skip
