"""How clients are reached, and what they were told."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index

from billing.adapters.ledger.columns import instant, number, text
from billing.adapters.ledger.schema.base import sequence, table

client_addresses = table(  # as the booking system says them now, or a person after a mail came back
    "client_addresses",
    text("source", primary_key=True),
    text("client_id", primary_key=True),
    text("origin", primary_key=True),
    number("position", primary_key=True, autoincrement=False),  # 0 is written to
    text("address"),
    text("said_by"),
    instant("said_at"),
    CheckConstraint("origin in ('booked', 'given')", name="origin"),
)

mails_sent = table(  # every mail that a mail server took, with what it said
    "mails_sent",
    sequence("mail_id"),
    text("effect_id", unique=True),
    text("kind"),
    text("invoice_id", nullable=True),
    text("sent_to"),
    number("balance_minor", nullable=True),  # what it said is owed; none where it said nothing of it
    instant("sent_at"),
    text("pay_url", nullable=True),  # the page on which it asked to pay
    Index("ix_mails_sent_invoice_id", "invoice_id"),
    Index("ix_mails_sent_sent_at", "sent_at"),
)
