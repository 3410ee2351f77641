"""How an order stands to its bill: by itself, by a person, not here, or not any more. One rule for all who ask.

One order is billed once, whatever job shows it. While an order of a session has changed since its invoice and nobody
has decided on that, a new one of it may be part of what was billed, and goes out only when a person says so. Drafting
asks, finalizing asks once more in its own transaction, and approving asks before it takes a person's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.errors import NeedsAttention
from billing.domain.events import PIPELINE
from billing.domain.sessions import Order
from billing.ports.ledger import DraftRow, InvoiceRow, SessionRow, UnitOfWork
from billing.services.invoicing.changed_orders import Change

BILLED_ELSEWHERE = "billed_elsewhere"


class Way(StrEnum):
    """How an order may be billed in a session."""

    BY_ITSELF = "by itself"  # as the studio's policy says
    BY_A_PERSON = "by a person"  # as a draft, whatever the policy says
    NOT_HERE = "not here"  # another session has it
    NOT_AGAIN = "not again"  # it had its invoice here, or a person decided against one


@dataclass(frozen=True, slots=True)
class Standing:
    """`why` is what a person should know, as a part of a sentence; of an order that is not here a whole task."""

    way: Way
    why: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it may be billed here at all."""
        return self.way in (Way.BY_ITSELF, Way.BY_A_PERSON)

    @property
    def task(self) -> NeedsAttention:
        return NeedsAttention(BILLED_ELSEWHERE, self.why)


def standing_of(uow: UnitOfWork, session: SessionRow, order: Order, changes: Sequence[Change]) -> Standing:
    """How this order may be billed in this session; `changes` are those of the session that nobody has decided on."""
    invoices = uow.invoices.of_order(session.source, order.order_id)
    if any(row.invoice.session_id == session.session_id for row in invoices):
        return Standing(Way.NOT_AGAIN)
    live = next((row for row in invoices if not row.is_void), None)
    if live is not None:
        return Standing(Way.NOT_HERE, _billed_there(session, order, live))
    drafts = uow.drafts.of_order(session.source, order.order_id)
    waiting = next((draft for draft in drafts if draft.state == "waiting"), None)
    if waiting is not None and waiting.invoice.session_id != session.session_id:
        return Standing(Way.NOT_HERE, _drafted_there(session, order, waiting))
    refused = [draft for draft in drafts if draft.state == "discarded" and draft.decided_by != PIPELINE]
    if waiting is None and any(draft.invoice.session_id == session.session_id for draft in refused):
        return Standing(Way.NOT_AGAIN)
    why = _known_elsewhere(invoices, refused) or " and ".join(change.in_words for change in changes)
    return Standing(Way.BY_A_PERSON if why or waiting else Way.BY_ITSELF, why)


def look_at_others_again(uow: UnitOfWork, now: datetime) -> None:
    """An invoice or a draft is gone, or has become another: sessions that were told of one are due for another look."""
    for item in uow.tasks.open_tasks():
        session = uow.sessions.get(item.subject_id) if item.code == BILLED_ELSEWHERE else None
        if session is not None and session.state == "attention":
            uow.sessions.settle(session.session_id, "due", None, now)


def _billed_there(session: SessionRow, order: Order, row: InvoiceRow) -> str:
    invoice = row.invoice
    return (
        f"Order {order.number or order.order_id} of {session.name} is billed already: invoice {invoice.number} of"
        f" {invoice.session.name} asks {invoice.client.name} for {invoice.total}. It is not billed a second time. If it"
        f" belongs here, void {invoice.number}, and it waits here as a draft; if not, take it off this job in the"
        " booking system, or close this."
    )


def _drafted_there(session: SessionRow, order: Order, draft: DraftRow) -> str:
    invoice = draft.invoice
    return (
        f"Order {order.number or order.order_id} of {session.name} waits already, as draft {invoice.invoice_id} of"
        f" {invoice.session.name} for {invoice.client.name}, {invoice.total}. It is not billed a second time. If it"
        f" belongs here, discard {invoice.invoice_id}, and it waits here; if not, take it off this job in the booking"
        " system, or close this."
    )


def _known_elsewhere(invoices: Sequence[InvoiceRow], refused: Sequence[DraftRow]) -> str:
    if invoices:
        last = invoices[-1].invoice
        return f"it was billed as {last.number} of {last.session.name}, which is void"
    if refused:
        return f"a draft of it for {refused[-1].invoice.session.name} was discarded"
    return ""
