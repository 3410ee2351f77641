"""Whom an open item or a thing to be done is about, as the studio knows it: the client, and the invoice or session."""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.canonical import derived_id
from billing.domain.effects import Effect
from billing.domain.invoices import Invoice
from billing.ports.ledger import Books


@dataclass(frozen=True, slots=True)
class Whom:
    """`client` is empty where only the session is known; `what` is an invoice's number, or a session's name."""

    client: str
    what: str
    is_of_session: bool = False

    def __str__(self) -> str:
        return ", ".join(part for part in (self.client, self.what) if part)


def whom_of(books: Books, subject_id: str) -> Whom | None:
    """None for what is about no client: a system outside, a limit, the machinery."""
    effect = books.effects.get(derived_id("eff", subject_id))  # what is told of an effect is kept under its key
    return whom_of_effect(books, effect) if effect else _whom(books, subject_id)


def whom_of_effect(books: Books, effect: Effect) -> Whom | None:
    """Found by its invoice, else by what it is about."""
    invoice_id = effect.parameters.get("invoice_id")
    return _whom(books, str(invoice_id)) if invoice_id else _whom(books, effect.subject_id)


def of_invoice(invoice: Invoice) -> Whom:
    """By its number; a draft, which has none, by its session."""
    return Whom(invoice.client.name, invoice.number or invoice.session.name)


def _whom(books: Books, subject_id: str) -> Whom | None:
    row = books.invoices.get(subject_id)
    if row:
        return of_invoice(row.invoice)
    session = books.sessions.get(subject_id)
    if session:
        return Whom("", session.name, is_of_session=True)
    draft = books.invoices.draft(subject_id)
    if draft:
        return of_invoice(draft.invoice)
    invoice_id = _paid_invoice(books, subject_id) or books.grants.invoice_of(subject_id)
    return _whom(books, invoice_id) if invoice_id else None


def _paid_invoice(books: Books, subject_id: str) -> str | None:
    payment = books.payments.get(subject_id)
    if payment:
        return payment.invoice_id
    disputes = books.settlements.open_disputes()
    return next((dispute.invoice_id for dispute in disputes if dispute.dispute_id == subject_id), None)
