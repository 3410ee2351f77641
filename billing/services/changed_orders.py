"""An order that changes after it was billed goes to a person, never into a second bill; a new one is its own bill."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from billing.domain import canonical
from billing.domain.errors import BillingError, PermanentError, TemporaryError
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.invoices import Invoice, InvoiceLine
from billing.domain.money import Money
from billing.domain.pricing import check_order, price_order
from billing.domain.sessions import Order
from billing.ports.ledger import Books, InvoiceRow, SessionRow
from billing.ports.outside import RawRecord
from billing.services.house import House

ORDER_CHANGED = "order_changed"
UNREADABLE = "billed_session_unreadable"
LOOKED_AT_EVERY = timedelta(days=1)  # at once when its job changes; an order that changes alone is found by then
LOOKED_AT_FOR = timedelta(days=60)
LOOKED_AT_A_ROUND = 50


def note_changes(house: House, books: Books, session: SessionRow, shared: Sequence[RawRecord]) -> None:
    """Compare the orders of a billed session with its invoices; an order that is new makes the session due again."""
    now = house.now()
    try:
        facts = house.source.read_session(books.records.of_job(session.source, session.job_id), shared)
    except TemporaryError:
        raise  # the ledger itself
    except Exception as error:
        why = error.sentence if isinstance(error, BillingError) else f"({type(error).__name__}: {error})"
        sentence = f"Whether billed job {session.job_id} has changed cannot be read; look at it there. {why}"
        books.desk.raise_attention(session.session_id, UNREADABLE, sentence, now)
        return
    books.desk.resolve_attention(session.session_id, UNREADABLE, PIPELINE, now)
    orders = {order.order_id: order for order in facts.orders}
    for row in books.invoices.of_session(session.session_id):
        if not row.is_void:
            _compare(house, books, row, orders.get(row.invoice.part))
    if any(_is_new(books, session, order) for order in facts.orders):
        completed_on = session.completed_on or house.today()
        books.sessions.wake(session.session_id, "due", "a new order", completed_on, now)


def _compare(house: House, books: Books, row: InvoiceRow, order: Order | None) -> None:
    invoice = row.invoice
    now_worth, difference = change_of(invoice, order)
    if difference is None:
        books.desk.resolve_attention(invoice.invoice_id, ORDER_CHANGED, PIPELINE, house.now())
        return
    # Told once for each difference: a person who has decided on it and closed the item is not asked again.
    event_id = f"{ORDER_CHANGED}:{invoice.invoice_id}:{canonical.sha256(now_worth + difference)[:16]}"
    body: dict[str, str | int | None] = {"billed": str(invoice.total), "now": now_worth}
    if books.journal.tell(DomainEvent(event_id, ORDER_CHANGED, invoice.invoice_id, house.now(), body=body)):
        sentence = (
            f"Order {invoice.order_number or invoice.part} has changed since invoice {invoice.number}: billed were"
            f" {invoice.total}, now it is {now_worth}. Nothing more is billed by itself. Agree with"
            f" {invoice.client.name}, bill or refund the difference by hand, or void the invoice; then"
            f" `billing resolve {invoice.invoice_id} --code {ORDER_CHANGED}`."
        )
        books.desk.resolve_attention(invoice.invoice_id, ORDER_CHANGED, PIPELINE, house.now())
        books.desk.raise_attention(invoice.invoice_id, ORDER_CHANGED, sentence, house.now())


def change_of(invoice: Invoice, order: Order | None) -> tuple[str, str | None]:
    """What the order comes to now, in words, and what tells this difference from others; None if it is as billed.

    Payments and balances do not count: our own write-back changes them.
    """
    if order is None:
        return "gone", "gone"
    if order.status == "voided":
        return "voided", "voided"
    try:
        priced = price_order(order)
    except PermanentError as error:
        return f"one that cannot be priced ({error.sentence.rstrip('.')})", error.code
    was, now = _sold(invoice.lines), _sold(priced.lines)
    total = Money(priced.total_minor, order.currency)
    if (was, invoice.total) == (now, total):
        return str(total), None
    worth = str(total) if total != invoice.total else f"{total} for other lines"
    return worth, canonical.dumps(now)


def _sold(lines: Sequence[InvoiceLine]) -> list[list[Any]]:
    """What was sold at what price, whatever the wording around it."""
    return sorted([line.name, str(line.quantity.normalize()), line.unit_minor, line.amount_minor] for line in lines)


def _is_new(books: Books, session: SessionRow, order: Order) -> bool:
    """An order that was never billed or drafted, and can be billed as it is."""
    revisions, _ = books.invoices.revisions(session.session_id, order.order_id)
    if revisions or books.invoices.has_draft(session.session_id, order.order_id):
        return False
    try:
        check_order(order, price_order(order))
    except PermanentError:
        return False
    return True
