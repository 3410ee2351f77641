"""Drafts, finalized invoices, their documents and pay links."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, exists, func, select, update

from billing.adapters.ledger.schema import (
    attention,
    documents,
    drafts,
    effects,
    grants,
    invoice_deductions,
    invoice_lines,
    invoice_taxes,
    invoice_voids,
    invoices,
    journal_entries,
    number_series,
    pay_links,
    record_links,
    sessions,
)
from billing.adapters.ledger.snapshots import invoice_of
from billing.adapters.ledger.statements import first, insert, insert_once, rows
from billing.domain import canonical
from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.domain.typed import number_typed
from billing.ports.ledger import FinalizationFacts, InvoiceRow
from billing.ports.outside import RENDER_TOO_LONG

_BALANCE = (
    select(func.coalesce(func.sum(journal_entries.c.amount_minor), 0))
    .where(journal_entries.c.account == "receivable", journal_entries.c.detail == invoices.c.invoice_id)
    .scalar_subquery()
)
_IS_VOID = exists().where(invoice_voids.c.invoice_id == invoices.c.invoice_id)
_ROW = select(invoices.c.snapshot, invoices.c.finalized_at, _BALANCE.label("balance_minor"), _IS_VOID.label("is_void"))

_IN_ORDER = _ROW.order_by(invoices.c.finalized_at, invoices.c.invoice_id)
_BY_ID = _ROW.where(invoices.c.invoice_id == bindparam("invoice_id"))
_BY_NUMBER = _ROW.where(invoices.c.number == bindparam("number"))
_BY_NUMBER_IN_ANY_CASE = _ROW.where(func.lower(invoices.c.number) == bindparam("number"))
_OF_SESSION = _IN_ORDER.where(invoices.c.session_id == bindparam("session_id"))
_OF_ORDER = _IN_ORDER.join(sessions, sessions.c.session_id == invoices.c.session_id).where(
    sessions.c.source == bindparam("source"), invoices.c.part == bindparam("part")
)
_OF_CLIENT = _IN_ORDER.where(invoices.c.client_id == bindparam("client_id"))
_UNPAID = _IN_ORDER.where(~_IS_VOID, _BALANCE > 0)
_REVISIONS = (
    select(_IS_VOID.label("is_void"))
    .where(invoices.c.session_id == bindparam("session_id"), invoices.c.part == bindparam("part"))
    .order_by(invoices.c.revision)
)
_TAKE_NUMBER = (
    update(number_series)
    .where(number_series.c.series == bindparam("of_series"))
    .values(next_sequence=number_series.c.next_sequence + 1)
    .returning(number_series.c.next_sequence - 1)
)
_MADE_SINCE = (
    select(func.count()).where(invoices.c.finalized_at >= bindparam("since")),
    select(func.count()).where(drafts.c.created_at >= bindparam("since"), drafts.c.state == "waiting"),
)


def _ready_to_render() -> Select[Any]:
    made = exists().where(documents.c.subject_id == invoices.c.invoice_id, documents.c.kind == "invoice")
    linked = exists().where(pay_links.c.invoice_id == invoices.c.invoice_id)
    ready = linked | (invoices.c.collection == "autopay") | (invoices.c.amount_due_minor == 0)
    is_left_to_a_person = exists().where(
        attention.c.subject_id == invoices.c.invoice_id,
        attention.c.code == RENDER_TOO_LONG,
        attention.c.resolved_at.is_(None),
    )
    return _IN_ORDER.where(~made, ~_IS_VOID, ready, ~is_left_to_a_person).limit(bindparam("at_most", type_=Integer))


def _awaiting_grant(paid_only: bool) -> Select[Any]:
    granted = exists().where(grants.c.session_id == invoices.c.session_id, grants.c.revoked_at.is_(None))
    other = invoices.alias("other")
    of_session = other.c.session_id == invoices.c.session_id
    other_lives = ~exists().where(invoice_voids.c.invoice_id == other.c.invoice_id)
    intended = exists().where(
        effects.c.subject_id == other.c.invoice_id, of_session, other_lives,
        effects.c.kind == "grant", effects.c.state != "cancelled",
        ~exists().where(grants.c.session_id == other.c.session_id, grants.c.revoked_seq > effects.c.intended_seq),
    )  # fmt: skip
    earlier = (other.c.finalized_at < invoices.c.finalized_at) | (
        (other.c.finalized_at == invoices.c.finalized_at) & (other.c.invoice_id < invoices.c.invoice_id)
    )
    is_later = exists().where(of_session, other_lives, earlier)
    owed = (
        select(func.coalesce(func.sum(journal_entries.c.amount_minor), 0))
        .where(journal_entries.c.account == "receivable", journal_entries.c.detail == other.c.invoice_id)
        .scalar_subquery()
    )
    session_owes = exists().where(of_session, other_lives, owed > 0)
    has_gallery = (
        exists()
        .where(record_links.c.source == sessions.c.source, record_links.c.job_id == sessions.c.job_id)
        .where(record_links.c.kind == "gallery", record_links.c.gone_after.is_(None))
        .where(sessions.c.session_id == invoices.c.session_id)
    )
    waiting = _IN_ORDER.where(~granted, ~intended, ~_IS_VOID, ~is_later, has_gallery)
    return waiting.where(~session_owes) if paid_only else waiting


_READY_TO_RENDER = _ready_to_render()
_AWAITING_GRANT = _awaiting_grant(paid_only=False)
_PAID_AWAITING_GRANT = _awaiting_grant(paid_only=True)


class SqlInvoices:
    """Implements ports.ledger.Invoices."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next_sequence(self, series: str) -> int:
        insert_once(self._connection, number_series, {"series": series, "next_sequence": 1})
        return int(self._connection.execute(_TAKE_NUMBER, {"of_series": series}).scalar_one())

    def revisions(self, session_id: str, part: str) -> tuple[int, bool]:
        found = rows(self._connection, _REVISIONS, session_id=session_id, part=part)
        return len(found), bool(found) and not found[-1].is_void

    def of_session(self, session_id: str) -> list[InvoiceRow]:
        return self._all(_OF_SESSION, session_id=session_id)

    def of_order(self, source: str, part: str) -> list[InvoiceRow]:
        return self._all(_OF_ORDER, source=source, part=part)

    def of_client(self, client_id: str) -> list[InvoiceRow]:
        return self._all(_OF_CLIENT, client_id=client_id)

    def add(self, invoice: Invoice, facts: FinalizationFacts) -> None:
        insert(self._connection, invoices, _header(invoice, facts))
        for table, values in (
            (invoice_lines, _lines(invoice)),
            (invoice_taxes, _taxes(invoice)),
            (invoice_deductions, _deductions(invoice)),
        ):
            if values:
                insert(self._connection, table, values)

    def get(self, invoice_id: str) -> InvoiceRow | None:
        row = first(self._connection, _BY_ID, invoice_id=invoice_id)
        return _invoice(row) if row else None

    def require(self, invoice_id: str) -> InvoiceRow:
        row = self.get(invoice_id)
        if row is None:
            raise PermanentError("no_such_invoice", f"Invoice {invoice_id} is not in the ledger.")
        return row

    def by_number(self, number: str) -> InvoiceRow | None:
        """As it is written, else as a person types it: in any case, with blanks around it. None where two are meant."""
        exact = self._all(_BY_NUMBER, number=number)
        found = exact or self._all(_BY_NUMBER_IN_ANY_CASE, number=number_typed(number).lower())
        return found[0] if len(found) == 1 else None

    def ready_to_render(self, limit: int) -> list[InvoiceRow]:
        return self._all(_READY_TO_RENDER, at_most=limit)

    def awaiting_grant(self, paid_only: bool) -> list[InvoiceRow]:
        return self._all(_PAID_AWAITING_GRANT if paid_only else _AWAITING_GRANT)

    def unpaid(self) -> list[InvoiceRow]:
        return self._all(_UNPAID)

    def made_since(self, since: datetime) -> int:
        counts = (self._connection.execute(query, {"since": since}).scalar_one() for query in _MADE_SINCE)
        return sum(int(count) for count in counts)

    def void(self, invoice_id: str, actor: str, reason: str, now: datetime) -> None:
        values = {"invoice_id": invoice_id, "voided_at": now, "actor": actor, "reason": reason}
        insert(self._connection, invoice_voids, values)

    def _all(self, query: Select[Any], **values: Any) -> list[InvoiceRow]:
        return [_invoice(row) for row in rows(self._connection, query, **values)]


def _invoice(row: Row[Any]) -> InvoiceRow:
    invoice = invoice_of(row.snapshot)
    return InvoiceRow(invoice, row.finalized_at, int(row.balance_minor), bool(row.is_void))


def _header(invoice: Invoice, facts: FinalizationFacts) -> dict[str, Any]:
    snapshot = canonical.dumps(invoice)
    return {
        "invoice_id": invoice.invoice_id,
        "number": invoice.number,
        "session_id": invoice.session_id,
        "part": invoice.part,
        "client_id": invoice.client.client_id,
        "client_name": invoice.client.name,
        "currency": invoice.currency,
        "collection": invoice.collection.value,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "session_on": invoice.session.session_on,
        "subtotal_minor": invoice.subtotal_minor,
        "pre_tax_discount_minor": invoice.pre_tax_discount_minor,
        "exclusive_tax_minor": sum(tax.amount_minor for tax in invoice.taxes if not tax.inclusive),
        "after_tax_discount_minor": invoice.after_tax_discount_minor,
        "total_minor": invoice.total_minor,
        "deductions_minor": sum(item.amount_minor for item in invoice.deductions),
        "amount_due_minor": invoice.amount_due_minor,
        "series": facts.series,
        "sequence": facts.sequence,
        "revision": facts.revision,
        "trigger_observed_at": facts.trigger_observed_at,
        "priced_at": facts.priced_at,
        "finalized_at": facts.finalized_at,
        "record_horizon": facts.record_horizon,
        "snapshot": snapshot,
        "snapshot_sha256": canonical.sha256(snapshot),
    }


def _lines(invoice: Invoice) -> list[dict[str, Any]]:
    return [
        {
            "invoice_id": invoice.invoice_id,
            "position": line.position,
            "depth": line.depth,
            "name": line.name,
            "product_type": line.product_type,
            "quantity": str(line.quantity),
            "unit_minor": line.unit_minor,
            "amount_minor": line.amount_minor,
            "discount_minor": line.discount_minor,
            "included_tax_minor": line.included_tax_minor,
            "taxable": int(line.taxable),
        }
        for line in invoice.lines
    ]


def _taxes(invoice: Invoice) -> list[dict[str, Any]]:
    return [
        {
            "invoice_id": invoice.invoice_id,
            "position": position,
            "name": tax.name,
            "rate": str(tax.rate),
            "inclusive": int(tax.inclusive),
            "base_minor": tax.base_minor,
            "amount_minor": tax.amount_minor,
        }
        for position, tax in enumerate(invoice.taxes)
    ]


def _deductions(invoice: Invoice) -> list[dict[str, Any]]:
    return [
        {
            "invoice_id": invoice.invoice_id,
            "position": position,
            "kind": item.kind,
            "source_payment_id": item.source_payment_id,
            "received_on": item.received_on,
            "amount_minor": item.amount_minor,
        }
        for position, item in enumerate(invoice.deductions)
    ]
