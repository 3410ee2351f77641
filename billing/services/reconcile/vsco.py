"""The books against the booking system: what was written back is there, and orders are as they were billed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from billing.domain.effects import OPEN_STATES, Effect, EffectKind, EffectState
from billing.domain.errors import NoRight, PermanentError, RefusedAccess
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.pricing import price_order
from billing.domain.sessions import Order
from billing.domain.settlements import DisputeStatus, RefundStatus
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import Difference
from billing.ports.outside import RawRecord, WrittenPayment
from billing.ports.rows import InvoiceRow, PaymentRow
from billing.services.context import Context
from billing.services.intake.observe_sessions import shared_records
from billing.services.invoicing.changed_orders import ORDER_CHANGED, change_of
from billing.services.reconcile.found import VSCO, Found, Say, difference
from billing.services.reconcile.sessions import Billed, billed_again, billed_sessions

Part = TypeVar("Part")

AT_A_TIME = 50
WRITTEN_WITHIN = timedelta(hours=1)  # what follows by itself has followed by then


@dataclass(frozen=True, slots=True)
class _There:
    """What the booking system says of one job now; of either half, why it cannot be read."""

    payments: Mapping[str, WrittenPayment] | PermanentError
    orders: Mapping[str, Order] | PermanentError
    read_from: datetime  # what was written back since may not have been seen
    not_written: frozenset[str]  # the effects that had not been done by then


def compare_vsco(ctx: Context, found: Found, say: Say) -> None:
    """Every session billed or paid lately: its payments, its refunds, and its orders."""
    billed = billed_sessions(ctx, VSCO)
    shared = shared_records(ctx) if billed else []
    with ThreadPoolExecutor(ctx.concurrency) as pool:
        for start in range(0, len(billed), AT_A_TIME):
            some, read_from, not_written = billed[start : start + AT_A_TIME], ctx.now(), _not_written(ctx)
            there = list(pool.map(partial(_read, ctx, shared, read_from, not_written), some))
            with ctx.ledger.read() as uow:
                for one, now in zip(billed_again(uow, some), there, strict=True):
                    found.add(_compare(ctx, uow, one, now))
                    found.compared += 1
            say(f"{start + len(some)} of {len(billed)} sessions compared with VSCO Workspace")


def _not_written(ctx: Context) -> frozenset[str]:
    with ctx.ledger.read() as uow:
        waiting = [uow.effects.in_state(state, EffectKind.WRITE_BACK) for state in OPEN_STATES]
    return frozenset(effect.effect_id for some in waiting for effect in some)


def _read(
    ctx: Context, shared: Sequence[RawRecord], read_from: datetime, not_written: frozenset[str], one: Billed
) -> _There:
    """TemporaryError ends the whole comparison: nothing is concluded from half of it."""
    job_id = one.session.job_id

    def orders() -> dict[str, Order]:
        facts = ctx.source.read_session(ctx.source.related_records(job_id).records, shared)
        return {order.order_id: order for order in facts.orders}

    payments = _tried(lambda: ctx.source.written_payments(job_id))
    return _There(payments, _tried(orders), read_from, not_written)


def _tried(read: Callable[[], Mapping[str, Part]]) -> Mapping[str, Part] | PermanentError:
    try:
        return read()
    except RefusedAccess:
        raise  # of the key, not of this job
    except PermanentError as error:
        return error


def _unreadable(one: Billed, error: PermanentError) -> list[Difference]:
    if isinstance(error, NoRight):  # of one job or of all, it is one right that is missing
        sentence = f"Not every job can be compared with VSCO Workspace. {error.sentence}"
        return [difference(VSCO, one.session.source, "not_shown", sentence)]
    row = one.invoices[-1]
    sentence = (
        f"Job {one.session.job_id} of {row.invoice.number} cannot be compared with VSCO Workspace: {error.sentence} If"
        " it was deleted there, keep the invoice's PDF with your records, or void the invoice."
    )
    return [difference(VSCO, row.invoice.invoice_id, "job_unreadable", sentence)]


def _compare(ctx: Context, uow: UnitOfWork, one: Billed, there: _There) -> list[Difference]:
    found = []
    for row in one.invoices:
        if not isinstance(there.payments, PermanentError):
            found += _payments(ctx, uow, row, there, there.payments)
        if not row.is_void and not isinstance(there.orders, PermanentError):
            found += _order(row, there.orders.get(row.invoice.part))
    refused = next((half for half in (there.payments, there.orders) if isinstance(half, PermanentError)), None)
    return [*found, *(_unreadable(one, refused) if refused else [])]


def _payments(
    ctx: Context, uow: UnitOfWork, row: InvoiceRow, there: _There, payments: Mapping[str, WrittenPayment]
) -> list[Difference]:
    found = []
    for payment in uow.payments.of_invoice(row.invoice.invoice_id):
        written = payments.get(payment.provider_object_id)
        for effect in uow.effects.of_subject(payment.payment_id, EffectKind.WRITE_BACK):
            if not _may_come(ctx, effect, there):
                found += _written(row, payment, effect, written)
        if written is not None:
            found += _refunded(uow, row, payment, written)
    return found


def _may_come(ctx: Context, effect: Effect, there: _There) -> bool:
    """Soon by itself, or it has come since it was read there."""
    if effect.state is not EffectState.DONE:
        return effect.created_at > ctx.now() - WRITTEN_WITHIN
    return effect.effect_id in there.not_written or effect.created_at >= there.read_from


def _written(row: InvoiceRow, payment: PaymentRow, effect: Effect, written: WrittenPayment | None) -> list[Difference]:
    """One write-back against what is there."""
    amount, order_id = payment.amount, effect.text("order_id")
    applied = Money(effect.number("applied_minor"), amount.currency)
    which = f"{amount} of {row.invoice.number}, received {payment.received_on} ({payment.provider_object_id})"
    if written is None:
        sentence = (
            f"{which}, is not in VSCO Workspace; record it there on job {effect.text('job_id')} with that transaction"
            f" id, and apply {applied} to order {row.invoice.order_number or order_id}."
        )
        return [difference(VSCO, payment.payment_id, "payment_not_there", sentence, amount)]
    if written.amount != amount:
        sentence = f"{which}, is {written.amount} in VSCO Workspace; correct the amount of that payment there."
        return [difference(VSCO, payment.payment_id, "payment_differs_there", sentence, amount, written.amount)]
    there = written.applied.get(order_id, Money(0, amount.currency))
    if there != applied:
        sentence = (
            f"{which}, is applied with {there} instead of {applied} in VSCO Workspace; apply it there to order"
            f" {row.invoice.order_number or order_id}."
        )
        return [difference(VSCO, payment.payment_id, "payment_not_applied", sentence, applied, there)]
    return []


def _refunded(uow: UnitOfWork, row: InvoiceRow, payment: PaymentRow, written: WrittenPayment) -> list[Difference]:
    """Money that went back is entered by a person: the booking system's interface has no way in for it."""
    invoice_id, of = row.invoice.invoice_id, payment.provider_object_id
    back = [
        (refund.refund_id, refund.amount_minor)
        for refund in uow.settlements.refunds_of(invoice_id)
        if refund.payment_id == of and refund.status is RefundStatus.SUCCEEDED
    ]
    back += [
        (dispute.dispute_id, dispute.amount_minor)
        for dispute in uow.settlements.disputes_of(invoice_id)
        if dispute.payment_id == of and dispute.status is DisputeStatus.LOST
    ]
    went_back = Money(sum(minor for _, minor in back), payment.amount.currency)
    if went_back == written.refunded:
        return []
    missing = went_back - written.refunded
    enter = f"enter a refund of {missing}" if missing.minor > 0 else "look at its refunds"
    names = ", ".join(name for name, _ in back) or "none"
    sentence = (
        f"{went_back} of payment {of} of {row.invoice.number} went back ({names}), and VSCO Workspace has"
        f" {written.refunded}; {enter} on that payment there."
    )
    return [difference(VSCO, payment.payment_id, "refund_not_there", sentence, went_back, written.refunded)]


def _order(row: InvoiceRow, order: Order | None) -> list[Difference]:
    invoice = row.invoice
    worth, change = change_of(invoice, order)
    if change is None:
        return []
    now = _worth(invoice, order)
    sentence = (
        f"Order {invoice.order_number or invoice.part} has changed since {invoice.number}: billed were {invoice.total},"
        f" now it is {worth}. {_proposal(invoice, now)}"
    )
    return [difference(VSCO, invoice.invoice_id, ORDER_CHANGED, sentence, invoice.total, now)]


def _worth(invoice: Invoice, order: Order | None) -> Money | None:
    """What the order comes to now; None if that cannot be told."""
    if order is None or order.status == "voided":
        return Money(0, invoice.currency)
    try:
        return Money(price_order(order).total_minor, order.currency)
    except PermanentError:
        return None


def _proposal(invoice: Invoice, now: Money | None) -> str:
    who = invoice.client.name
    if now is None or now.currency != invoice.currency:
        return f"Correct the order there; then agree with {who} on what to do."
    off = now - invoice.total
    if off.minor > 0:
        return f"Agree with {who}, then propose a supplementary invoice of {off}."
    if off.minor < 0:
        return f"Agree with {who}, then propose a credit note of {-off}."
    return f"The sum is the same: agree with {who}, or correct the lines there."
