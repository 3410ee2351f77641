"""How clients are reached today, and what they were told. Addresses that people had named before are taken along."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "client_addresses",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("said_at", sa.Text(), nullable=False),
        sa.CheckConstraint("origin in ('booked', 'given')", name=op.f("ck_client_addresses_origin")),
        sa.PrimaryKeyConstraint("source", "client_id", "origin", "position", name=op.f("pk_client_addresses")),
        sqlite_strict=True,
    )
    op.create_table(
        "mails_sent",
        sa.Column("mail_id", BIG, autoincrement=True, nullable=False),
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("sent_to", sa.Text(), nullable=False),
        sa.Column("balance_minor", BIG, nullable=True),
        sa.Column("sent_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_mails_sent")),
        sa.UniqueConstraint("effect_id", name=op.f("uq_mails_sent_effect_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_mails_sent_invoice_id", "mails_sent", ["invoice_id"], unique=False)
    op.create_index("ix_mails_sent_sent_at", "mails_sent", ["sent_at"], unique=False)
    op.create_index("ix_invoices_client_id", "invoices", ["client_id"], unique=False)
    _keep_what_people_named()


def _keep_what_people_named() -> None:
    """A mail that bounced was written anew to another address, and the rest of its invoice's followed it there."""
    found = op.get_bind().execute(
        sa.text(
            "select e.parameters, e.created_at, s.source, i.client_id from effects as e"
            " join invoices as i on i.invoice_id = e.subject_id join sessions as s on s.session_id = i.session_id"
            " where e.kind = 'mail' and e.state = 'done' and e.parameters like '%sent_elsewhere%'"
            " order by e.created_at"
        )
    )
    named = {(source, client_id): (json.loads(parameters)["to"], at) for parameters, at, source, client_id in found}
    for (source, client_id), (address, at) in named.items():
        op.get_bind().execute(
            sa.text(
                "insert into client_addresses (source, client_id, origin, position, address, said_by, said_at)"
                " values (:source, :client_id, 'given', 0, :address, 'retry', :at)"
            ),
            {"source": source, "client_id": client_id, "address": address, "at": at},
        )
