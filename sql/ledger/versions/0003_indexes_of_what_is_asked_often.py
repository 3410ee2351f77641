"""Indexes for what is asked every few seconds and before every act: without them each row looked at a whole table."""

from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = (
    ("ix_attention_subject", "attention", ["subject_id", "code"]),
    ("ix_consents_client_id", "consents", ["client_id"]),
    ("ix_effects_ended", "effects", ["state", "kind", "settled_at"]),
    ("ix_grants_of_session", "grants", ["session_id", "revoked_at"]),
    ("ix_movements_transaction_id", "movements", ["transaction_id"]),
    ("ix_payments_recorded", "payments", ["provider", "recorded_at"]),
    ("ix_provider_events_in_state", "provider_events", ["provider", "state", "inbox_id"]),
)


def upgrade() -> None:
    # It held all events on PostgreSQL, and was not used on SQLite, where the state is a parameter of the question.
    op.drop_index("ix_provider_events_waiting", "provider_events")
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns, unique=False)
