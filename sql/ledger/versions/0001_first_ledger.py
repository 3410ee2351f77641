"""The first ledger: intake, documents, money, effects, and triggers that keep the books append only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPEND_ONLY = (
    "source_records",
    "invoices",
    "invoice_lines",
    "invoice_taxes",
    "invoice_deductions",
    "invoice_voids",
    "documents",
    "payments",
    "allocations",
    "journal_transactions",
    "journal_entries",
    "domain_events",
)


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _forbid_changes_on_postgresql()
    else:
        _forbid_changes_on_sqlite()


def _forbid_changes_on_sqlite() -> None:
    for table in APPEND_ONLY:
        for act in ("update", "delete"):
            op.execute(
                f"create trigger {table}_refuses_{act} before {act} on {table}"
                f" begin select raise(abort, '{table} is append only'); end"
            )


def _forbid_changes_on_postgresql() -> None:
    op.execute(
        "create function refuse_change() returns trigger language plpgsql as"
        " $$ begin raise exception '% is append only', tg_table_name; end $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger {table}_refuses_change before update or delete on {table}"
            " for each row execute function refuse_change()"
        )


def _create_tables() -> None:
    op.create_table(
        "allocations",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.PrimaryKeyConstraint("payment_id", "invoice_id", name=op.f("pk_allocations")),
        sqlite_strict=True,
    )
    op.create_index("ix_allocations_invoice_id", "allocations", ["invoice_id"], unique=False)
    op.create_table(
        "attention",
        sa.Column("attention_id", BIG, autoincrement=True, nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Text(), nullable=False),
        sa.Column("resolved_at", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("attention_id", name=op.f("pk_attention")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_attention_open",
        "attention",
        ["subject_id", "code"],
        unique=True,
        sqlite_where=sa.text("resolved_at is null"),
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_table(
        "chain_heads",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_chain_heads")),
        sqlite_strict=True,
    )
    op.create_table(
        "commands",
        sa.Column("command_id", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('waiting', 'done', 'refused')", name=op.f("ck_commands_state")),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_commands")),
        sqlite_strict=True,
    )
    op.create_index("ix_commands_state", "commands", ["state"], unique=False)
    op.create_table(
        "consents",
        sa.Column("consent_id", BIG, autoincrement=True, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("payment_method_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consents")),
        sqlite_strict=True,
    )
    op.create_index(
        "uq_consents_live",
        "consents",
        ["client_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at is null"),
        postgresql_where=sa.text("revoked_at is null"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursors")),
        sqlite_strict=True,
    )
    op.create_table(
        "documents",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", BIG, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "kind", name=op.f("pk_documents")),
        sqlite_strict=True,
    )
    op.create_table(
        "domain_events",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_domain_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_domain_events_event_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_domain_events_subject_id"), "domain_events", ["subject_id"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.CheckConstraint("state in ('waiting', 'approved', 'finalized', 'discarded')", name=op.f("ck_drafts_state")),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_drafts")),
        sqlite_strict=True,
    )
    op.create_table(
        "effects",
        sa.Column("effect_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("parameters_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("not_before", sa.Text(), nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_fence", BIG, nullable=False),
        sa.Column("lease_until", sa.Text(), nullable=True),
        sa.Column("provider_reference", sa.Text(), nullable=True),
        sa.Column("outcome_code", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('ready', 'in_flight', 'done', 'failed', 'unknown', 'cancelled')", name=op.f("ck_effects_state")
        ),
        sa.PrimaryKeyConstraint("effect_id", name=op.f("pk_effects")),
        sa.UniqueConstraint("key", name=op.f("uq_effects_key")),
        sqlite_strict=True,
    )
    op.create_index("ix_effects_due", "effects", ["state", "kind", "not_before"], unique=False)
    op.create_index("ix_effects_subject", "effects", ["subject_id", "kind", "purpose"], unique=False)
    op.create_index(
        "uq_effects_one_mail",
        "effects",
        ["subject_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("kind = 'mail' and state in ('ready', 'in_flight', 'unknown', 'done')"),
        postgresql_where=sa.text("kind = 'mail' and state in ('ready', 'in_flight', 'unknown', 'done')"),
    )
    op.create_index(
        "uq_effects_open_charge",
        "effects",
        ["subject_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'charge' and state in ('ready', 'in_flight', 'unknown')"),
        postgresql_where=sa.text("kind = 'charge' and state in ('ready', 'in_flight', 'unknown')"),
    )
    op.create_table(
        "grants",
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("gallery_id", sa.Text(), nullable=False),
        sa.Column("gallery_name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("pin", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Text(), nullable=True),
        sa.Column("granted_at", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grants")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_grants_invoice_id"), "grants", ["invoice_id"], unique=False)
    op.create_table(
        "invoice_deductions",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_payment_id", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Text(), nullable=True),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", "position", name=op.f("pk_invoice_deductions")),
        sqlite_strict=True,
    )
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("depth", BIG, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product_type", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("unit_minor", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("discount_minor", BIG, nullable=False),
        sa.Column("included_tax_minor", BIG, nullable=False),
        sa.Column("taxable", BIG, nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", "position", name=op.f("pk_invoice_lines")),
        sqlite_strict=True,
    )
    op.create_table(
        "invoice_taxes",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("inclusive", BIG, nullable=False),
        sa.Column("base_minor", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", "position", name=op.f("pk_invoice_taxes")),
        sqlite_strict=True,
    )
    op.create_table(
        "invoice_voids",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("voided_at", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice_voids")),
        sqlite_strict=True,
    )
    op.create_table(
        "invoices",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("collection", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Text(), nullable=False),
        sa.Column("session_on", sa.Text(), nullable=True),
        sa.Column("subtotal_minor", BIG, nullable=False),
        sa.Column("pre_tax_discount_minor", BIG, nullable=False),
        sa.Column("exclusive_tax_minor", BIG, nullable=False),
        sa.Column("after_tax_discount_minor", BIG, nullable=False),
        sa.Column("total_minor", BIG, nullable=False),
        sa.Column("deductions_minor", BIG, nullable=False),
        sa.Column("amount_due_minor", BIG, nullable=False),
        sa.Column("trigger_observed_at", sa.Text(), nullable=False),
        sa.Column("priced_at", sa.Text(), nullable=False),
        sa.Column("finalized_at", sa.Text(), nullable=False),
        sa.Column("record_horizon", BIG, nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("snapshot_sha256", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_due_minor > 0", name=op.f("ck_invoices_amount_due_positive")),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_invoices_total_not_negative")),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
        sa.UniqueConstraint("series", "sequence", name=op.f("uq_invoices_series_sequence")),
        sa.UniqueConstraint("session_id", "part", "revision", name=op.f("uq_invoices_session_id_part_revision")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_invoices_finalized_at"), "invoices", ["finalized_at"], unique=False)
    op.create_table(
        "journal_transactions",
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("posted_on", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal_transactions")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_journal_transactions_transaction_id")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_journal_transactions_subject_id"), "journal_transactions", ["subject_id"], unique=False)
    op.create_table(
        "number_series",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("next_sequence", BIG, nullable=False),
        sa.PrimaryKeyConstraint("series", name=op.f("pk_number_series")),
        sqlite_strict=True,
    )
    op.create_table(
        "pauses",
        sa.Column("pause_id", BIG, autoincrement=True, nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("pause_id", name=op.f("pk_pauses")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_pauses_invoice_id"), "pauses", ["invoice_id"], unique=False)
    op.create_table(
        "pay_links",
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_pay_links")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_pay_links_invoice_id"), "pay_links", ["invoice_id"], unique=False)
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_object_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("fee_minor", BIG, nullable=False),
        sa.Column("method_label", sa.Text(), nullable=False),
        sa.Column("method_kind", sa.Text(), nullable=False),
        sa.Column("captured_at", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payments_amount_positive")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payments")),
        sa.UniqueConstraint(
            "provider", "provider_object_id", "kind", name=op.f("uq_payments_provider_provider_object_id_kind")
        ),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_payments_invoice_id"), "payments", ["invoice_id"], unique=False)
    op.create_table(
        "pins",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("pinned_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pins")),
        sqlite_strict=True,
    )
    op.create_table(
        "provider_events",
        sa.Column("inbox_id", BIG, autoincrement=True, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.Text(), nullable=False),
        sa.Column("received_at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('waiting', 'applied', 'ignored', 'review')", name=op.f("ck_provider_events_state")
        ),
        sa.PrimaryKeyConstraint("inbox_id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_provider_events_provider_event_id")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_provider_events_waiting",
        "provider_events",
        ["inbox_id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "record_links",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("linked_from", BIG, autoincrement=False, nullable=False),
        sa.Column("gone_after", BIG, nullable=True),
        sa.PrimaryKeyConstraint("source", "job_id", "kind", "source_id", "linked_from", name=op.f("pk_record_links")),
        sqlite_strict=True,
    )
    op.create_index("ix_record_links_gone_after", "record_links", ["gone_after"], unique=False)
    op.create_index("ix_record_links_linked_from", "record_links", ["linked_from"], unique=False)
    op.create_index(
        "uq_record_links_one_at_a_time",
        "record_links",
        ["source", "job_id", "kind", "source_id"],
        unique=True,
        sqlite_where=sa.text("gone_after is null"),
        postgresql_where=sa.text("gone_after is null"),
    )
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("trigger_policy", sa.Text(), nullable=False),
        sa.Column("completed_on", sa.Text(), nullable=True),
        sa.Column("first_observed_at", sa.Text(), nullable=False),
        sa.Column("records_fetched_at", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state in ('expected', 'due', 'billed', 'attention', 'history', 'excluded')", name=op.f("ck_sessions_state")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("source", "job_id", name=op.f("uq_sessions_source_job_id")),
        sqlite_strict=True,
    )
    op.create_index("ix_sessions_state", "sessions", ["state"], unique=False)
    op.create_table(
        "source_records",
        sa.Column("record_id", BIG, autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("modified_at", sa.Text(), nullable=True),
        sa.Column("observed_at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_source_records")),
        sa.UniqueConstraint(
            "source", "kind", "source_id", "version", name=op.f("uq_source_records_source_kind_source_id_version")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "journal_entries",
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("position", BIG, autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_journal_entries_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["journal_transactions.transaction_id"], name=op.f("fk_journal_entries_transaction_id")
        ),
        sa.PrimaryKeyConstraint("transaction_id", "position", name=op.f("pk_journal_entries")),
        sqlite_strict=True,
    )
    op.create_index("ix_journal_entries_account_detail", "journal_entries", ["account", "detail"], unique=False)
