"""One hash of all business facts in a ledger, by their natural keys; the same facts, the same hash, on any database.

Left out is what may differ between two ways to the same end: sequence numbers, instants, chains of hashes, attempts,
leases and the wording of sentences. Dates of the business stay: a payment booked on another day is another fact.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from sqlalchemy import Connection, Engine, text

from billing.domain import canonical

Facts = dict[str, list[list[Any]]]

# Each query gives one fact a row. What was numbered by the ledger itself is named by what it stands for.
_FACTS = {
    "sessions": "select session_id, state, completed_on from sessions",
    "drafts": "select session_id, part, state from drafts",
    "invoices": "select number, invoice_id, snapshot_sha256 from invoices",
    "voids": "select i.number, v.actor, v.reason from invoice_voids as v join invoices as i using (invoice_id)",
    "documents": "select subject_id, kind from documents",
    "pay_links": """
        select link_id, invoice_id, amount_minor, case when closed_at is null then 'open' else 'closed' end
        from pay_links""",
    "consents": """
        select client_id, payment_method_id, case when revoked_at is null then 'given' else 'revoked' end
        from consents""",
    "payments": """
        select provider, provider_object_id, kind, invoice_id, currency, amount_minor, fee_minor,
            method_kind, received_on
        from payments""",
    "allocations": """
        select p.provider, p.provider_object_id, a.invoice_id, a.amount_minor
        from allocations as a join payments as p using (payment_id)""",
    "refunds": """
        select provider, refund_id, provider_payment_id, invoice_id, currency, amount_minor, status, effect_key
        from refunds""",
    "disputes": """
        select provider, dispute_id, provider_payment_id, invoice_id, currency, amount_minor, status
        from disputes""",
    "movements": """
        select provider, movement_id, kind, source_id, invoice_id, transaction_id, currency, amount_minor, fee_minor
        from movements""",
    "payouts": "select provider, payout_id, currency, amount_minor, status, is_itemized from payouts",
    "payout_movements": "select payout_id, movement_id from payout_movements",
    "postings": """
        select t.transaction_id, t.kind, t.subject_id, t.posted_on, e.account, e.detail, e.currency, e.amount_minor
        from journal_transactions as t left join journal_entries as e using (transaction_id)""",
    "effects": "select key, kind, parameters_sha256, state, provider_reference from effects",
    "grants": """
        select invoice_id, host, gallery_id, case when revoked_at is null then 'open' else 'revoked' end
        from grants""",
    "provider_events": "select provider, event_id, state from provider_events",
    "attention": "select subject_id, code from attention where resolved_at is null",
    "pauses": "select invoice_id, actor, reason from pauses where lifted_at is null",
    "commands": "select name, arguments, actor, reason, state from commands",
    "client_addresses": "select source, client_id, origin, position, address from client_addresses",
    "domain_events": """
        select case when event_id like 'command:%' then 'command' else event_id end, kind, subject_id, actor
        from domain_events""",
}


def ledger_digest(engine: Engine) -> str:
    """SHA-256 of `describe`."""
    return canonical.sha256(canonical.dumps(describe(engine)))


def describe(engine: Engine) -> Facts:
    """Every fact as a row of plain values, by the table that it is in; rows in the order of their texts."""
    with engine.connect() as connection, connection.begin():
        return {name: _rows(connection, query) for name, query in _FACTS.items()}


def differences(ours: Facts, theirs: Facts) -> list[str]:
    """What only one of two ledgers says, a line a fact: `- effects: […]` is only in `ours`, `+ …` only in `theirs`."""
    lines = []
    for name in _FACTS:
        mine, yours = Counter(map(_text, ours[name])), Counter(map(_text, theirs[name]))
        lines += [f"- {name}: {row}" for row in sorted((mine - yours).elements())]
        lines += [f"+ {name}: {row}" for row in sorted((yours - mine).elements())]
    return lines


def _rows(connection: Connection, query: str) -> list[list[Any]]:
    return sorted((list(row) for row in connection.execute(text(query))), key=_text)


def _text(row: list[Any]) -> str:
    return json.dumps(row, ensure_ascii=False)
