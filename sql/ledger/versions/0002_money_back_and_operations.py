"""Money that goes back or on, holds, heartbeats, reconciliations; and for how long an outcome is unknown."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = ("movements", "payout_movements")


def upgrade() -> None:
    _create_tables()
    op.add_column("effects", sa.Column("unknown_since", sa.Text(), nullable=True))
    op.add_column("effects", sa.Column("asked", BIG, nullable=False, server_default="0"))
    op.execute("update effects set unknown_since = settled_at where state = 'unknown'")
    for table in APPEND_ONLY:
        _forbid_changes(table)


def _forbid_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"create trigger {table}_refuses_change before update or delete on {table}"
            " for each row execute function refuse_change()"
        )
        return
    for act in ("update", "delete"):
        op.execute(
            f"create trigger {table}_refuses_{act} before {act} on {table}"
            f" begin select raise(abort, '{table} is append only'); end"
        )


def _create_tables() -> None:
    op.create_table(
        "differences",
        sa.Column("difference_id", BIG, autoincrement=True, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("ledger_minor", BIG, nullable=True),
        sa.Column("outside_minor", BIG, nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("found_at", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.Column("reconciliation_id", BIG, nullable=False),
        sa.CheckConstraint("scope in ('stripe', 'vsco', 'galleries')", name=op.f("ck_differences_scope")),
        sa.PrimaryKeyConstraint("difference_id", name=op.f("pk_differences")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_differences_open",
        "differences",
        ["scope", "subject_id", "cause"],
        unique=True,
        sqlite_where=sa.text("closed_at is null"),
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_payment_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("evidence_due_at", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status in ('inquiry', 'inquiry_closed', 'open', 'won', 'lost')", name=op.f("ck_disputes_status")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_disputes_amount_positive")),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("pk_disputes")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_disputes_invoice_id"), "disputes", ["invoice_id"], unique=False)
    op.create_index(op.f("ix_disputes_provider_payment_id"), "disputes", ["provider_payment_id"], unique=False)
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("every_seconds", BIG, nullable=False),
        sa.Column("succeeded_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
        sqlite_strict=True,
    )
    op.create_table(
        "holds",
        sa.Column("hold_id", BIG, autoincrement=True, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.Text(), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_holds")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_holds_open",
        "holds",
        ["cause"],
        unique=True,
        sqlite_where=sa.text("lifted_at is null"),
        postgresql_where=sa.text("lifted_at is null"),
    )
    op.create_table(
        "movements",
        sa.Column("movement_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("fee_minor", BIG, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("movement_id", name=op.f("pk_movements")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_movements_invoice_id"), "movements", ["invoice_id"], unique=False)
    op.create_index("ix_movements_occurred_at", "movements", ["occurred_at"], unique=False)
    op.create_index(op.f("ix_movements_source_id"), "movements", ["source_id"], unique=False)
    op.create_table(
        "payout_movements",
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("movement_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("payout_id", "movement_id", name=op.f("pk_payout_movements")),
        sqlite_strict=True,
    )
    op.create_index("ix_payout_movements_movement_id", "payout_movements", ["movement_id"], unique=False)
    op.create_table(
        "payouts",
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_automatic", BIG, nullable=False),
        sa.Column("is_itemized", BIG, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("arrives_on", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'in_transit', 'paid', 'failed', 'canceled')", name=op.f("ck_payouts_status")
        ),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("pk_payouts")),
        sqlite_strict=True,
    )
    op.create_table(
        "reconciliations",
        sa.Column("reconciliation_id", BIG, autoincrement=True, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.Text(), nullable=False),
        sa.Column("compared", BIG, nullable=False),
        sa.Column("differences", BIG, nullable=False),
        sa.PrimaryKeyConstraint("reconciliation_id", name=op.f("pk_reconciliations")),
        sqlite_strict=True,
    )
    op.create_table(
        "refunds",
        sa.Column("refund_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_payment_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("effect_key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')",
            name=op.f("ck_refunds_status"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_positive")),
        sa.PrimaryKeyConstraint("refund_id", name=op.f("pk_refunds")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_refunds_invoice_id"), "refunds", ["invoice_id"], unique=False)
    op.create_index(op.f("ix_refunds_provider_payment_id"), "refunds", ["provider_payment_id"], unique=False)
