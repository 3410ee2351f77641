"""Payouts: each is what its movements add up to, and the books know it as it is."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from billing.domain.money import Money
from billing.domain.settlements import PayoutFact, PayoutStatus
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import Difference
from billing.services.context import Context
from billing.services.reconcile.found import STRIPE, Found, difference
from billing.services.settlements.settle_payouts import apply_payout, books_begin_at, read_payout

LATE_AFTER = timedelta(days=5)  # weekends and holidays of the banks
_ON_ITS_WAY = (PayoutStatus.PENDING, PayoutStatus.IN_TRANSIT)


def compare_payouts(ctx: Context, found: Found, since: datetime) -> None:
    """Every payout made since then, read whole, kept, and compared with what the books have of it."""
    started_at = ctx.now()
    listed = {payout.payout_id: payout.amount for payout in ctx.gateway.payouts_since(since)}
    with ThreadPoolExecutor(ctx.concurrency) as pool:
        for payout in pool.map(lambda payout_id: read_payout(ctx, payout_id), sorted(listed)):
            with ctx.ledger.write() as uow:
                found.mended += apply_payout(ctx, uow, payout)
            with ctx.ledger.read() as uow:
                found.add(_compare(ctx, uow, payout))
            found.compared += 1
    with ctx.ledger.read() as uow:
        kept = uow.settlements.payouts_since(ctx.gateway.name, since)
    found.add(
        _missing_there(payout) for payout in kept if payout.payout_id not in listed and payout.created_at < started_at
    )


def _compare(ctx: Context, uow: UnitOfWork, payout: PayoutFact) -> list[Difference]:
    found = []
    if payout.is_itemized:
        booked, unknown = _booked(ctx, uow, payout)
        if booked[payout.amount.currency] != payout.amount.minor or unknown:
            found.append(_other_sum(payout, Money(booked[payout.amount.currency], payout.amount.currency), unknown))
    if payout.status in _ON_ITS_WAY and ctx.today() > payout.arrives_on + LATE_AFTER:
        sentence = (
            f"Payout {payout.payout_id} of {payout.amount} should have arrived on {payout.arrives_on}, and is still"
            f" {payout.status.value}; ask Stripe's support for its trace id, and the bank with it."
        )
        found.append(difference(STRIPE, payout.payout_id, "payout_late", sentence, payout.amount))
    return found


def _booked(ctx: Context, uow: UnitOfWork, payout: PayoutFact) -> tuple[Counter[str], int]:
    """What the books have of its movements, by currency, and how many of them they do not have.

    What moved before the books began is taken at its word: it is in the opening balance.
    """
    begin_at = books_begin_at(ctx, uow)
    booked: Counter[str] = Counter()
    unknown = 0
    for item in payout.items:
        row = uow.settlements.movement(item.movement_id)
        if row is not None:
            booked[row.movement.net.currency] += row.movement.net.minor
        elif begin_at is None or item.occurred_at < begin_at:
            booked[item.net.currency] += item.net.minor
        else:
            unknown += 1
    return booked, unknown


def _other_sum(payout: PayoutFact, booked: Money, unknown: int) -> Difference:
    missing = f" {unknown} of its movements are not in the books." if unknown else ""
    sentence = (
        f"Payout {payout.payout_id} is {payout.amount}, and its movements add up to {booked} in the books.{missing} See"
        " the other differences first: what they mend, mends this. If it stays, compare with Stripe's payout report."
    )
    return difference(STRIPE, payout.payout_id, "payout_differs", sentence, booked, payout.amount)


def _missing_there(payout: PayoutFact) -> Difference:
    sentence = (
        f"The books have payout {payout.payout_id} of {payout.amount}, and Stripe lists no such payout; look whether"
        " the key belongs to the right account (`billing doctor`), then ask Stripe's support."
    )
    return difference(STRIPE, payout.payout_id, "payout_missing_there", sentence, payout.amount)
