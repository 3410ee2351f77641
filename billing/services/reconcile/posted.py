"""Each movement of the balance against what the journal posted for it, to the cent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from billing.domain.money import Money
from billing.domain.settlement_books import CLEARING
from billing.domain.settlements import Movement, MovementKind
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import Difference
from billing.ports.settlements import MovementRow
from billing.services.collections.record_payments import our_id
from billing.services.context import Context
from billing.services.reconcile.found import STRIPE, Found, difference
from billing.services.reconcile.movements import Chunk
from billing.services.reconcile.stories import payment_missing_here

LISTED_AFTER = timedelta(minutes=5)  # what is younger may not be listed yet
_MISSING_HERE = {
    MovementKind.REFUND: "refund_missing_here",
    MovementKind.REFUND_RETURNED: "refund_return_missing_here",
    MovementKind.DISPUTE: "dispute_missing_here",
    MovementKind.DISPUTE_RETURNED: "dispute_return_missing_here",
    MovementKind.PAYOUT: "payout_missing_here",
    MovementKind.PAYOUT_RETURNED: "payout_return_missing_here",
}


def compare_chunk(ctx: Context, found: Found, chunk: Chunk) -> None:
    """What was booked with other amounts. It explains the balance by so much, and so does what could not be booked."""
    with ctx.ledger.read() as uow:
        for movement in chunk.movements:
            row = uow.settlements.movement(movement.movement_id)
            posted = _posted(uow, row, movement.payment_id) if row else {}
            off = movement.net.minor - posted.pop(movement.net.currency, 0)
            if row is not None and (off or any(posted.values())):
                found.add([_posted_otherwise(uow, row, movement, Money(off, movement.net.currency))])
            found.explain(Money(off, movement.net.currency))
            for currency, minor in posted.items():
                found.explain(Money(-minor, currency))
    found.compared += len(chunk.movements)
    found.mended += chunk.posted


def tell_left(ctx: Context, found: Found, left: Sequence[Movement]) -> None:
    """What could not be booked and no story tells of already."""
    with ctx.ledger.read() as uow:
        found.add(_missing_here(uow, movement) for movement in left)


def compare_listed(ctx: Context, found: Found, listed: Collection[str], since: datetime, started_at: datetime) -> None:
    """Movements that the books have and the provider does not list."""
    until = started_at - LISTED_AFTER
    with ctx.ledger.read() as uow:
        for row in uow.settlements.movements_since(ctx.gateway.name, since):
            movement = row.movement
            if movement.movement_id in listed or movement.occurred_at > until:
                continue
            for currency, minor in _posted(uow, row).items():
                found.explain(Money(-minor, currency))
            sentence = (
                f"The books have a {movement.kind.value} of {movement.net} ({movement.movement_id}, of"
                f" {movement.source_id or 'nothing'}) that Stripe does not list; look whether the key belongs to the"
                " right account (`billing doctor`), then ask Stripe's support."
            )
            found.add([difference(STRIPE, movement.movement_id, "movement_missing_there", sentence, movement.net)])


def _posted(uow: UnitOfWork, row: MovementRow, payment_id: str | None = None) -> dict[str, int]:
    """What the journal put on the provider's balance for it, by currency; a fee that was told later is posted alone."""
    transactions = [row.transaction_id] if row.transaction_id else []
    if not transactions and payment_id and row.movement.kind is MovementKind.PAYMENT:
        transactions = [f"paid:{our_id('stripe', payment_id)}"]  # in the client's currency, which is not the balance's
    transactions += [f"fee:{one.removeprefix('paid:')}" for one in transactions if one.startswith("paid:")]
    posted: dict[str, int] = {}
    for transaction_id in transactions:
        for entry in uow.journal.entries(transaction_id):
            if entry.account == CLEARING:
                posted[entry.amount.currency] = posted.get(entry.amount.currency, 0) + entry.amount.minor
    return posted


def _missing_here(uow: UnitOfWork, movement: Movement) -> Difference:
    if movement.kind is MovementKind.PAYMENT and movement.payment_id:
        payment = uow.payments.get(our_id("stripe", movement.payment_id))
        invoice_id = payment.invoice_id if payment else None
        if payment is None:
            return payment_missing_here(uow, movement.payment_id, invoice_id, movement.amount)
    cause = _MISSING_HERE.get(movement.kind, "movement_missing_here")
    sentence = (
        f"Stripe moved {movement.net} on its balance ({movement.kind.value} {movement.source_id} of"
        f" {movement.payment_id or 'no payment'}), and the books could not take it; look under needs-attention why,"
        " mend that, and run `billing reconcile` again."
    )
    return difference(STRIPE, movement.source_id or movement.movement_id, cause, sentence, None, movement.net)


def _posted_otherwise(uow: UnitOfWork, row: MovementRow, movement: Movement, off: Money) -> Difference:
    subject = our_id("stripe", movement.payment_id) if movement.payment_id else movement.source_id
    if row.movement.kind is MovementKind.PAYMENT:
        payment = uow.payments.get(our_id("stripe", movement.payment_id or ""))
        if payment is not None and payment.amount.currency != movement.net.currency:
            sentence = (
                f"{payment.amount} of {payment.provider_object_id} reached the Stripe balance as {movement.net}; the"
                " books keep it in the client's currency. Book the exchange by hand with your bookkeeper."
            )
            return difference(STRIPE, subject, "other_currency", sentence, None, movement.net)
        cause = "fee_differs" if payment is not None and payment.amount == movement.amount else "amount_differs"
    else:
        cause = "amount_differs"
    booked = movement.net - off
    sentence = (
        f"{movement.kind.value.capitalize()} {movement.source_id or movement.movement_id} moved {movement.net} on the"
        f" Stripe balance ({movement.amount} less a fee of {movement.fee}), and {booked} is in the books; correct the"
        f" books by {off} with your bookkeeper."
    )
    return difference(STRIPE, subject or movement.movement_id, cause, sentence, booked, movement.net)
