"""Which sessions are compared: those billed lately, and those of which a difference is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.payments import OFFICE
from billing.ports.ledger import InvoiceRow, PaymentRow, SessionRow, UnitOfWork
from billing.services.context import Context

LOOKED_BACK = timedelta(days=60)
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Billed:
    """A billed session with all its invoices, void ones too."""

    session: SessionRow
    invoices: tuple[InvoiceRow, ...]


def billed_sessions(ctx: Context, scope: str) -> list[Billed]:
    """Billed or paid in the last LOOKED_BACK, and those of which a difference of this scope is open."""
    since = ctx.now() - LOOKED_BACK
    whenever = ctx.now() + LOOKED_BACK  # whenever their records were read last
    with ctx.ledger.read() as uow:
        session_ids = {row.session_id for row in uow.sessions.to_look_at_again(whenever, since, _ALL)}
        invoice_ids = {payment.invoice_id for payment in _paid_since(ctx, uow, since)}
        invoice_ids |= {_invoice_of(uow, one.subject_id) for one in uow.operations.open_differences(scope)}
        rows = [uow.invoices.get(invoice_id) for invoice_id in invoice_ids if invoice_id]
        session_ids |= {row.invoice.session_id for row in rows if row}
        return list(_billed(uow, sorted(session_ids)))


def billed_again(uow: UnitOfWork, some: Iterable[Billed]) -> list[Billed]:
    """The same as the books have them now."""
    return list(_billed(uow, [one.session.session_id for one in some]))


def _paid_since(ctx: Context, uow: UnitOfWork, since: datetime) -> list[PaymentRow]:
    providers = (ctx.gateway.name, OFFICE)
    return [payment for provider in providers for payment in uow.payments.recorded_since(provider, since)]


def _invoice_of(uow: UnitOfWork, subject_id: str) -> str | None:
    payment = uow.payments.get(subject_id)
    return payment.invoice_id if payment else subject_id


def _billed(uow: UnitOfWork, session_ids: Iterable[str]) -> Iterable[Billed]:
    for session_id in session_ids:
        session, invoices = uow.sessions.get(session_id), uow.invoices.of_session(session_id)
        if session and invoices:
            yield Billed(session, tuple(invoices))
