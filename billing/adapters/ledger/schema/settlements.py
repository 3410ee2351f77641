"""Money that went back or on: refunds, disputes, movements of the provider's balance, payouts."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index

from billing.adapters.ledger.columns import day, instant, number, text
from billing.adapters.ledger.schema.base import table

refunds = table(  # one refund each, as it was last read; what it posted is in `movements`
    "refunds",
    text("refund_id", primary_key=True),
    text("provider"),
    text("provider_payment_id", index=True),
    text("invoice_id", index=True),
    text("currency"),
    number("amount_minor"),
    text("status"),
    text("reason"),
    text("effect_key", nullable=True),  # null: made in the provider's own dashboard
    instant("created_at"),
    instant("recorded_at"),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("status in ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')", name="status"),
)

disputes = table(  # one dispute or inquiry each, as it was last read
    "disputes",
    text("dispute_id", primary_key=True),
    text("provider"),
    text("provider_payment_id", index=True),
    text("invoice_id", index=True),
    text("currency"),
    number("amount_minor"),
    text("status"),
    text("reason"),
    instant("opened_at"),
    instant("evidence_due_at", nullable=True),
    instant("recorded_at"),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint("status in ('inquiry', 'inquiry_closed', 'open', 'won', 'lost')", name="status"),
)

movements = table(  # every change of the provider's balance that the journal knows; append only
    "movements",
    text("movement_id", primary_key=True),
    text("provider"),
    text("kind"),
    text("source_id", index=True),
    text("invoice_id", nullable=True, index=True),
    text("transaction_id", nullable=True),  # the journal transaction that posted it
    text("currency"),
    number("amount_minor"),
    number("fee_minor"),
    text("description"),
    instant("occurred_at"),
    instant("recorded_at"),
    Index("ix_movements_occurred_at", "occurred_at"),
    Index("ix_movements_transaction_id", "transaction_id"),
)

payouts = table(  # one payout each, as it was last read
    "payouts",
    text("payout_id", primary_key=True),
    text("provider"),
    text("currency"),
    number("amount_minor"),
    text("status"),
    number("is_automatic"),
    number("is_itemized"),
    instant("created_at"),
    day("arrives_on"),
    instant("recorded_at"),
    CheckConstraint("status in ('pending', 'in_transit', 'paid', 'failed', 'canceled')", name="status"),
)

payout_movements = table(  # what a payout is made of; append only
    "payout_movements",
    text("payout_id", primary_key=True),
    text("movement_id", primary_key=True),
    Index("ix_payout_movements_movement_id", "movement_id"),
)
