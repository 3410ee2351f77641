"""Which columns of the ledger the warehouse takes: never a document's bytes, a snapshot or a password."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RawTable:
    """One ledger table, copied to `raw_<name>`. Instants and dates stay text here; sql/staging gives them types."""

    name: str
    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    optional_texts: tuple[str, ...] = ()  # null where the ledger has null
    optional_numbers: tuple[str, ...] = ()  # the same; text here, for the reason that read_query gives

    @property
    def raw_name(self) -> str:
        return f"raw_{self.name}"

    @property
    def read_query(self) -> str:
        """Reads the columns from the ledger.

        Nulls travel as empty text: ADBC's SQLite driver takes a column's type from its first rows, and thousands of
        leading nulls make it "integer" for good (seen with 1.13: "expected INT64 but got STRING/BINARY").
        """
        optional = tuple(f"coalesce({column}, '') as {column}" for column in self.optional_texts)
        as_text = ((f"cast({column} as varchar(20))", column) for column in self.optional_numbers)
        optional += tuple(f"coalesce({value}, '') as {column}" for value, column in as_text)
        return f"select {', '.join(self.texts + self.numbers + optional)} from {self.name}"  # noqa: S608 names below

    @property
    def create_query(self) -> str:
        columns = [f"{column} varchar not null" for column in self.texts]
        columns += [f"{column} bigint not null" for column in self.numbers]
        columns += [f"{column} varchar" for column in self.optional_texts + self.optional_numbers]
        return f"create table {self.raw_name} ({', '.join(columns)})"

    @property
    def fill_query(self) -> str:
        """Moves the Arrow stream registered as `stream` into the raw table, empty text back to null."""
        optional = tuple(f"nullif({column}, '')" for column in self.optional_texts + self.optional_numbers)
        return f"insert into {self.raw_name} select {', '.join(self.texts + self.numbers + optional)} from stream"  # noqa: S608


RAW_TABLES = (
    RawTable(
        "sessions",
        ("session_id", "name", "state", "first_observed_at"),
        optional_texts=("reason", "completed_on", "settled_at"),
    ),
    RawTable(
        "invoices",
        (
            "invoice_id", "number", "session_id", "part", "client_id", "client_name", "currency", "collection",
            "issued_on", "due_on", "trigger_observed_at", "priced_at", "finalized_at",
        ),
        ("revision", "total_minor", "deductions_minor", "amount_due_minor"),
        ("session_on",),
    ),
    RawTable("invoice_lines", ("invoice_id", "product_type"), ("position", "amount_minor", "discount_minor")),
    RawTable("invoice_voids", ("invoice_id", "voided_at")),
    RawTable("documents", ("subject_id", "kind", "created_at"), ("size_bytes",)),
    RawTable(
        "payments",
        ("payment_id", "provider", "kind", "currency", "method_label", "method_kind", "captured_at", "received_on"),
        ("amount_minor", "fee_minor"),
        ("invoice_id",),
    ),
    RawTable("allocations", ("payment_id", "invoice_id"), ("amount_minor",)),
    RawTable("journal_transactions", ("transaction_id", "kind", "subject_id", "posted_on"), ("seq",)),
    RawTable("journal_entries", ("transaction_id", "account", "detail", "currency"), ("position", "amount_minor")),
    RawTable(
        "effects",
        ("effect_id", "key", "kind", "purpose", "subject_id", "state", "created_at"),
        ("attempts",),
        ("outcome_code", "settled_at"),
    ),
    RawTable("grants", ("grant_id", "invoice_id", "gallery_name", "granted_at"), optional_texts=("revoked_at",)),
    RawTable(
        "attention",
        ("subject_id", "code", "sentence", "opened_at"),
        ("attention_id",),
        ("resolved_at",),
    ),
    RawTable(
        "differences",
        ("scope", "subject_id", "cause", "sentence", "found_at"),
        ("difference_id",),
        ("currency", "closed_at"),
        ("ledger_minor", "outside_minor"),
    ),
    RawTable("reconciliations", ("scope", "finished_at"), ("reconciliation_id", "compared", "differences")),
    RawTable("payouts", ("payout_id", "currency", "status", "created_at", "arrives_on"), ("amount_minor",)),
    RawTable("payout_movements", ("payout_id", "movement_id")),
    RawTable("movements", ("movement_id", "kind", "currency", "occurred_at"), ("amount_minor", "fee_minor")),
    RawTable(
        "refunds",
        ("refund_id", "invoice_id", "currency", "status", "created_at"),
        ("amount_minor",),
        ("effect_key",),
    ),
    RawTable(
        "disputes",
        ("dispute_id", "invoice_id", "currency", "status", "reason", "opened_at"),
        ("amount_minor",),
        ("evidence_due_at",),
    ),
    RawTable("commands", ("name", "actor", "reason", "submitted_at", "state"), ("command_id",)),
)  # fmt: skip
