"""Servers of `billing up` that ended and were started again: how often, and how."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "server_ends",
        sa.Column("end_id", BIG, autoincrement=True, nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=False),
        sa.Column("exit_code", BIG, nullable=True),
        sa.Column("signal", BIG, nullable=True),
        sa.Column("lived_seconds", BIG, nullable=False),
        sa.CheckConstraint("exit_code is null or signal is null", name=op.f("ck_server_ends_one_way")),
        sa.CheckConstraint("lived_seconds >= 0", name=op.f("ck_server_ends_lived")),
        sa.PrimaryKeyConstraint("end_id", name=op.f("pk_server_ends")),
        sqlite_strict=True,
    )
    op.create_index("ix_server_ends_ended_at", "server_ends", ["ended_at"], unique=False)
