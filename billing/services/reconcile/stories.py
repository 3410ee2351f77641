"""Payments whose story at the provider the books may not tell: read whole, booked, and compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

from billing.domain.errors import BillingError, PermanentError, UnreadableError
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus
from billing.domain.settlements import DisputeFact, PaymentStory, RefundFact
from billing.ports.ledger import PaymentRow, UnitOfWork
from billing.ports.operations import Difference
from billing.services.collections.record_payments import our_id, recorded
from billing.services.context import Context
from billing.services.reconcile.found import STRIPE, difference
from billing.services.settlements.money_back import record_story

AT_A_TIME = 100


def read_stories(ctx: Context, payment_ids: Collection[str]) -> Iterator[tuple[str, PaymentStory | BillingError]]:
    """Each payment with its story, or why it has none. TemporaryError ends it: nothing is concluded from half."""
    wanted = sorted(payment_ids)
    with ThreadPoolExecutor(ctx.concurrency) as pool:
        for start in range(0, len(wanted), AT_A_TIME):
            some = wanted[start : start + AT_A_TIME]
            yield from zip(some, pool.map(lambda payment_id: _read(ctx, payment_id), some), strict=True)


def _read(ctx: Context, payment_id: str) -> PaymentStory | BillingError:
    try:
        return ctx.gateway.read_story(payment_id)
    except UnreadableError as error:
        return error
    except PermanentError as error:
        if error.code == "stripe_unauthorized":
            raise  # of the key, not of this payment
        return error


def is_ours(uow: UnitOfWork, story: PaymentStory) -> bool:
    """We asked for it, or have booked it."""
    return story.payment.invoice_id is not None or recorded(uow, story.payment) is not None


def book_story(ctx: Context, uow: UnitOfWork, story: PaymentStory) -> bool:
    """Bring the books up to date with what became of one of our payments; whether that was news."""
    state, reason = record_story(ctx, uow, story)
    return state == "applied" and reason is None


def compare_story(uow: UnitOfWork, story: PaymentStory) -> list[Difference]:
    """What the books tell otherwise of one of our payments, of its refunds and of its disputes."""
    row = recorded(uow, story.payment)
    invoice_id = row.invoice_id if row else story.payment.invoice_id
    found = _payment(uow, story, row)
    refunds = {refund.refund_id: refund for refund in uow.settlements.refunds_of(invoice_id or "")}
    for refund in story.refunds:
        kept = refunds.get(refund.refund_id)
        now = (refund.status, refund.amount.minor)
        if kept is None or (kept.status, kept.amount_minor) != now:
            found.append(_refund(refund, Money(kept.amount_minor, kept.currency) if kept else None))
    disputes = {dispute.dispute_id: dispute for dispute in uow.settlements.disputes_of(invoice_id or "")}
    for dispute in story.disputes:
        told = disputes.get(dispute.dispute_id)
        if told is None or (told.status, told.amount_minor) != (dispute.status, dispute.amount.minor):
            found.append(_dispute(dispute, Money(told.amount_minor, told.currency) if told else None))
    return found


def _payment(uow: UnitOfWork, story: PaymentStory, row: PaymentRow | None) -> list[Difference]:
    fact = story.payment
    subject = our_id(fact.provider, fact.payment_id)
    is_captured = fact.status is PaymentStatus.SUCCEEDED and fact.amount.minor > 0
    if row is None and is_captured:
        return [payment_missing_here(uow, fact.payment_id, fact.invoice_id, fact.amount)]
    if row is not None and not is_captured:
        sentence = (
            f"The books have {row.amount} of {fact.payment_id}, which Stripe calls {fact.status.value}; look at it in"
            " Stripe's dashboard, and void or correct what was booked."
        )
        return [difference(STRIPE, subject, "payment_missing_there", sentence, row.amount)]
    if row is not None and row.amount != fact.amount:
        sentence = (
            f"{fact.payment_id} was booked with {row.amount}, and Stripe captured {fact.amount}; look at it in"
            " Stripe's dashboard, and correct the books by the difference."
        )
        return [difference(STRIPE, subject, "amount_differs", sentence, row.amount, fact.amount)]
    return []


def payment_missing_here(uow: UnitOfWork, payment_id: str, invoice_id: str | None, amount: Money) -> Difference:
    """Why one of our payments cannot be booked, as far as the books tell."""
    if invoice_id is not None and uow.invoices.get(invoice_id) is None:
        why = (
            f"it names invoice {invoice_id}, which is not in these books. It is booked by itself once that invoice is"
            " (after a restore the session is billed anew under the same id); else refund it in Stripe's dashboard"
        )
    else:
        why = "look under needs-attention why it cannot be booked, mend that, and run `billing reconcile` again"
    sentence = f"{amount} of {payment_id} arrived at Stripe and is not in the books: {why}."
    return difference(STRIPE, our_id("stripe", payment_id), "payment_missing_here", sentence, None, amount)


def _refund(refund: RefundFact, kept: Money | None) -> Difference:
    if kept is None:
        sentence = (
            f"Stripe gave back {refund.amount} of {refund.payment_id} ({refund.refund_id}), and the books do not know;"
            " look under needs-attention why it cannot be booked, then run `billing reconcile` again."
        )
        return difference(STRIPE, refund.refund_id, "refund_missing_here", sentence, None, refund.amount)
    sentence = (
        f"Refund {refund.refund_id} of {refund.payment_id} is {refund.status.value} with {refund.amount} at Stripe, and"
        f" something else with {kept} in the books; run `billing reconcile` again, and look at it there if it stays."
    )
    return difference(STRIPE, refund.refund_id, "refund_differs", sentence, kept, refund.amount)


def _dispute(dispute: DisputeFact, kept: Money | None) -> Difference:
    if kept is None:
        sentence = (
            f"{dispute.amount} of {dispute.payment_id} is disputed at Stripe ({dispute.dispute_id},"
            f" {dispute.status.value}), and the books do not know; look under needs-attention why it cannot be booked,"
            " and answer the dispute in Stripe's dashboard in time."
        )
        return difference(STRIPE, dispute.dispute_id, "dispute_missing_here", sentence, None, dispute.amount)
    sentence = (
        f"Dispute {dispute.dispute_id} of {dispute.payment_id} is {dispute.status.value} over {dispute.amount} at"
        f" Stripe, and something else over {kept} in the books; run `billing reconcile` again, and look at it there if"
        " it stays."
    )
    return difference(STRIPE, dispute.dispute_id, "dispute_differs", sentence, kept, dispute.amount)
