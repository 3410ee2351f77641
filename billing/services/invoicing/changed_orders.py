"""An order that changes after it was billed goes to a person, never into a second bill; a new one is its own bill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from billing.domain import canonical
from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.invoices import Invoice, InvoiceLine
from billing.domain.money import Money
from billing.domain.policy import DeliveryMode
from billing.domain.pricing import price_order
from billing.domain.sessions import Order
from billing.ports.ledger import DraftRow, InvoiceRow, UnitOfWork
from billing.services.context import Context
from billing.services.safety.after_restore import PERHAPS_BILLED

ORDER_CHANGED = "order_changed"
AS_BILLED = "order_as_billed"
DRAFT_WAITS = "draft_waits"
LOOKED_AT_EVERY = timedelta(days=1)  # at once when its job changes; an order that changes alone is found by then
LOOKED_AT_FOR = timedelta(days=60)
LOOKED_AT_A_ROUND = 50


@dataclass(frozen=True, slots=True)
class Change:
    """An order that is not as it was billed any more, on which no person has decided. `now_worth` is in words.

    `difference` tells it from others; `event_id` is the telling of it, None before anybody was told.
    """

    row: InvoiceRow
    now_worth: str
    difference: str
    event_id: str | None

    @property
    def in_words(self) -> str:
        return _in_words(self.row.invoice, self.now_worth)


def open_changes(uow: UnitOfWork, session_id: str, orders: Sequence[Order]) -> list[Change]:
    """What has changed of the session's live invoices by these orders, and waits for a person's decision."""
    now = {order.order_id: order for order in orders}
    changes = [_change(uow, row, now.get(row.invoice.part)) for row in _live(uow, session_id)]
    return [change for change in changes if change is not None]


def tell_changes(ctx: Context, uow: UnitOfWork, session_id: str, orders: Sequence[Order]) -> None:
    """Each change has its task until a person has decided, or until the order is again as it was billed.

    Told once for each difference: who has decided on it and closed the item is not asked about it again.
    """
    now, is_over = ctx.now(), False
    by_id = {order.order_id: order for order in orders}
    for row in _live(uow, session_id):
        order = by_id.get(row.invoice.part)
        change = _change(uow, row, order)
        if change is not None and change.event_id is None:
            _tell(uow, change, now)
        elif change is None and change_of(row.invoice, order)[1] is None:
            is_over |= is_as_billed(uow, row.invoice.invoice_id, now)
    _retell_changes(uow, session_id, now)
    if is_over:
        show_drafts(ctx, uow, session_id)


def told_changes(uow: UnitOfWork, session_id: str) -> set[str]:
    """Which tellings of changes are asked about: what a person can know of who looks at the session now."""
    known = [_last_told(uow, row.invoice.invoice_id) for row in _open_items(uow, session_id)]
    return {event.event_id for event in known if event is not None and event.kind == ORDER_CHANGED}


def is_as_billed(uow: UnitOfWork, invoice_id: str, now: datetime) -> bool:
    """The order has come back to what was billed: nothing is left to decide. True if something was."""
    known = _last_told(uow, invoice_id)
    if known is not None and known.kind == ORDER_CHANGED:
        uow.journal.record_event(DomainEvent(f"{AS_BILLED}:{invoice_id}:{now.isoformat()}", AS_BILLED, invoice_id, now))
    return uow.tasks.resolve(invoice_id, ORDER_CHANGED, PIPELINE, now) > 0


def is_told(uow: UnitOfWork, invoice_id: str) -> bool:
    """A person was told that this invoice's order is another; what it is now may have been decided on."""
    known = _last_told(uow, invoice_id)
    return known is not None and known.kind == ORDER_CHANGED


def retell(ctx: Context, uow: UnitOfWork, session_id: str) -> None:
    """A person has acted: the tasks of the session say what waits now."""
    _retell_changes(uow, session_id, ctx.now())
    show_drafts(ctx, uow, session_id)


def show_drafts(ctx: Context, uow: UnitOfWork, session_id: str, why: Mapping[str, str] | None = None) -> None:
    """A draft that waits where the rest goes out by itself has a task, unless another one tells of it already.

    `why` by invoice id: what a person should know of it, wherever drafts are everyday work.
    """
    reasons = why or {}
    if uow.tasks.is_open(session_id, PERHAPS_BILLED) or _open_items(uow, session_id):
        return
    for draft in _waiting(uow, session_id):
        invoice_id = draft.invoice.invoice_id
        if ctx.policy.delivery_mode is DeliveryMode.AUTOMATIC or invoice_id in reasons:
            sentence = _of_draft(draft.invoice, reasons.get(invoice_id, ""))
            uow.tasks.raise_task(invoice_id, DRAFT_WAITS, sentence, ctx.now())


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


def _live(uow: UnitOfWork, session_id: str) -> list[InvoiceRow]:
    return [row for row in uow.invoices.of_session(session_id) if not row.is_void]


def _waiting(uow: UnitOfWork, session_id: str) -> list[DraftRow]:
    return [draft for draft in uow.drafts.of_session(session_id) if draft.state == "waiting"]


def _open_items(uow: UnitOfWork, session_id: str) -> list[InvoiceRow]:
    """The invoices of which a change is asked about."""
    rows = _live(uow, session_id)
    return [row for row in rows if uow.tasks.is_open(row.invoice.invoice_id, ORDER_CHANGED)]


def _last_told(uow: UnitOfWork, invoice_id: str) -> DomainEvent | None:
    return uow.journal.last_of(invoice_id, (ORDER_CHANGED, AS_BILLED))


def _change(uow: UnitOfWork, row: InvoiceRow, order: Order | None) -> Change | None:
    """None if it is as billed, or a person has closed the item that told of exactly this."""
    invoice_id = row.invoice.invoice_id
    now_worth, difference = change_of(row.invoice, order)
    if difference is None:
        return None
    digest = canonical.sha256(now_worth + difference)[:16]
    known = _last_told(uow, invoice_id)
    if known is None or known.kind != ORDER_CHANGED or _difference_in(known) != digest:
        return Change(row, now_worth, digest, None)
    is_open = uow.tasks.is_open(invoice_id, ORDER_CHANGED)
    return Change(row, now_worth, digest, known.event_id) if is_open else None


def _difference_in(event: DomainEvent) -> str:
    """Events of before kept it in their id alone."""
    return str(event.body.get("difference") or event.event_id.rpartition(":")[2])


def _tell(uow: UnitOfWork, change: Change, now: datetime) -> None:
    """A difference that was there before and comes again is told again, as another event."""
    invoice = change.row.invoice
    event_id = f"{ORDER_CHANGED}:{invoice.invoice_id}:{change.difference}"
    body: dict[str, str | int | None] = {"billed": str(invoice.total), "now": change.now_worth}
    event = DomainEvent(event_id, ORDER_CHANGED, invoice.invoice_id, now, body=body | {"difference": change.difference})
    if not uow.journal.record_event(event):
        uow.journal.record_event(replace(event, event_id=f"{event_id}:{now.isoformat()}"))
    uow.tasks.resolve(invoice.invoice_id, ORDER_CHANGED, PIPELINE, now)
    uow.tasks.raise_task(invoice.invoice_id, ORDER_CHANGED, _of_change(change.row, change.now_worth, [], []), now)


def _retell_changes(uow: UnitOfWork, session_id: str, now: datetime) -> None:
    """The task of a change names what else is claimed of the session, or waits to be: it may be the same sale."""
    drafts, rows = _waiting(uow, session_id), _live(uow, session_id)
    for row in _open_items(uow, session_id):
        invoice_id = row.invoice.invoice_id
        known = _last_told(uow, invoice_id)
        if known is not None and known.kind == ORDER_CHANGED:
            since = [other for other in rows if other.finalized_at > row.finalized_at]
            sentence = _of_change(row, str(known.body["now"]), drafts, since)
            uow.tasks.raise_task(invoice_id, ORDER_CHANGED, sentence, now)
            for draft in drafts:  # one task tells of both
                uow.tasks.resolve(draft.invoice.invoice_id, DRAFT_WAITS, PIPELINE, now)


def _in_words(invoice: Invoice, now_worth: str) -> str:
    return (
        f"order {invoice.order_number or invoice.part} has changed since invoice {invoice.number}: billed were"
        f" {invoice.total}, now it is {now_worth}"
    )


def _of_change(row: InvoiceRow, now_worth: str, drafts: Sequence[DraftRow], since: Sequence[InvoiceRow]) -> str:
    invoice = row.invoice
    what = _in_words(invoice, now_worth)
    billed = "".join(f" Since then {one.invoice.number} asks for {one.invoice.amount_due}." for one in since)
    waits = "".join(f" {_named(draft.invoice)} waits as draft {draft.invoice.invoice_id}." for draft in drafts)
    advice = "bill or refund the difference by hand, or void the invoice"
    if drafts:
        advice = (
            f"discard the draft (`billing discard`) if {invoice.number} covers it; else credit, refund or void"
            f" {invoice.number} as far as it asks for too much, and approve the draft (`billing approve`)"
        )
    return (
        f"O{what[1:]}.{billed}{waits} Nothing more is billed by itself. Agree with {invoice.client.name}, {advice};"
        f" then `billing resolve {invoice.invoice_id} --code {ORDER_CHANGED}`."
    )


def _of_draft(invoice: Invoice, why: str) -> str:
    known = f" ({why})" if why else ""
    return (
        f"{_named(invoice)} waits as draft {invoice.invoice_id} of {invoice.session.name}, and goes out only when a"
        f" person says so{known}. `billing approve {invoice.invoice_id}` bills it, `billing discard"
        f" {invoice.invoice_id}` does not."
    )


def _named(draft: Invoice) -> str:
    return f"Order {draft.order_number or draft.part}, which asks {draft.client.name} for {draft.amount_due},"
