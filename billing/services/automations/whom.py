"""Whom an open item or a thing to be done is about, as the studio knows it: the client, and the invoice or session."""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.canonical import derived_id
from billing.domain.effects import Effect
from billing.domain.invoices import Invoice
from billing.ports.ledger import UnitOfWork


@dataclass(frozen=True, slots=True)
class Whom:
    """`client` is empty where only the session is known; `what` is an invoice's number, or a session's name."""

    client: str
    what: str
    is_of_session: bool = False

    def __str__(self) -> str:
        return ", ".join(part for part in (self.client, self.what) if part)


def whom_of(uow: UnitOfWork, subject_id: str) -> Whom | None:
    """None for what is about no client: a system outside, a limit, the machinery."""
    effect = uow.effects.get(derived_id("eff", subject_id))  # what is told of an effect is kept under its key
    return whom_of_effect(uow, effect) if effect else _whom(uow, subject_id)


def whom_of_effect(uow: UnitOfWork, effect: Effect) -> Whom | None:
    """Found by its invoice, else by what it is about."""
    invoice_id = effect.parameters.get("invoice_id")
    return _whom(uow, str(invoice_id)) if invoice_id else _whom(uow, effect.subject_id)


def of_invoice(invoice: Invoice) -> Whom:
    """By its number; a draft, which has none, by its session."""
    return Whom(invoice.client.name, invoice.number or invoice.session.name)


def _whom(uow: UnitOfWork, subject_id: str) -> Whom | None:
    row = uow.invoices.get(subject_id)
    if row:
        return of_invoice(row.invoice)
    session = uow.sessions.get(subject_id)
    if session:
        return Whom("", session.name, is_of_session=True)
    draft = uow.drafts.get(subject_id)
    if draft:
        return of_invoice(draft.invoice)
    invoice_id = _paid_invoice(uow, subject_id) or uow.grants.invoice_of(subject_id)
    return _whom(uow, invoice_id) if invoice_id else None


def _paid_invoice(uow: UnitOfWork, subject_id: str) -> str | None:
    payment = uow.payments.get(subject_id)
    if payment:
        return payment.invoice_id
    disputes = uow.settlements.open_disputes()
    return next((dispute.invoice_id for dispute in disputes if dispute.dispute_id == subject_id), None)
