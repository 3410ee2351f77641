"""The ledger's tables. What a row means is said here once; the migrations in sql/ledger build the same.

Money is integer minor units (`…_minor`), instants are UTC (`…_at`), dates are the studio's (`…_on`).
"""

from __future__ import annotations

from billing.adapters.ledger.schema.base import metadata
from billing.adapters.ledger.schema.correspondence import client_addresses, mails_sent
from billing.adapters.ledger.schema.decisions import (
    attention,
    chain_heads,
    commands,
    domain_events,
    effects,
    grants,
    pauses,
    pins,
)
from billing.adapters.ledger.schema.documents import (
    documents,
    drafts,
    invoice_deductions,
    invoice_lines,
    invoice_taxes,
    invoice_voids,
    invoices,
    number_series,
)
from billing.adapters.ledger.schema.intake import cursors, provider_events, record_links, sessions, source_records
from billing.adapters.ledger.schema.money import (
    allocations,
    consents,
    journal_entries,
    journal_transactions,
    pay_links,
    payments,
)
from billing.adapters.ledger.schema.operations import (
    differences,
    heartbeats,
    holds,
    ledger_clock,
    reconciliations,
    server_ends,
)
from billing.adapters.ledger.schema.settlements import disputes, movements, payout_movements, payouts, refunds

APPEND_ONLY = (
    source_records,
    invoices,
    invoice_lines,
    invoice_taxes,
    invoice_deductions,
    invoice_voids,
    documents,
    payments,
    allocations,
    journal_transactions,
    journal_entries,
    domain_events,
    movements,
    payout_movements,
)

__all__ = [
    "APPEND_ONLY",
    "allocations",
    "attention",
    "chain_heads",
    "client_addresses",
    "commands",
    "consents",
    "cursors",
    "differences",
    "disputes",
    "documents",
    "domain_events",
    "drafts",
    "effects",
    "grants",
    "heartbeats",
    "holds",
    "invoice_deductions",
    "invoice_lines",
    "invoice_taxes",
    "invoice_voids",
    "invoices",
    "journal_entries",
    "journal_transactions",
    "ledger_clock",
    "mails_sent",
    "metadata",
    "movements",
    "number_series",
    "pauses",
    "pay_links",
    "payments",
    "payout_movements",
    "payouts",
    "pins",
    "provider_events",
    "reconciliations",
    "record_links",
    "refunds",
    "server_ends",
    "sessions",
    "source_records",
]
