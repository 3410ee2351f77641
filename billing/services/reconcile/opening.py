"""What lay on the provider's balance before our books began: posted once, so that both can agree from then on."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from billing.domain.errors import TemporaryError
from billing.domain.money import Money
from billing.domain.settlement_books import post_opening
from billing.services.context import Context
from billing.services.settlements.settle_payouts import begin_cursor, books_begin_at

TRIES = 5
_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def open_books(ctx: Context) -> datetime | None:
    """From when on every movement is posted; the first time, the balance of that moment is posted before.

    None while billing has not begun.
    """
    with ctx.ledger.read() as uow:
        if uow.records.cursor(begin_cursor(ctx)):
            return books_begin_at(ctx, uow)
        begin_at = books_begin_at(ctx, uow)
    if begin_at is None:
        return None
    lay_there = _balance_at(ctx, begin_at)
    now = ctx.now()
    with ctx.ledger.write() as uow:
        if uow.records.cursor(begin_cursor(ctx)):  # somebody else was faster
            return books_begin_at(ctx, uow)
        for row in uow.settlements.movements_since(ctx.gateway.name, _EVER):
            if row.movement.occurred_at < begin_at and row.transaction_id:  # billed by hand before the first day
                lay_there[row.movement.net.currency] -= row.movement.net.minor
        for currency, minor in sorted(lay_there.items()):
            opening = post_opening(ctx.gateway.name, Money(minor, currency), ctx.policy.day_of(begin_at))
            if opening:
                uow.journal.post(opening, now)
        uow.records.move_cursor(begin_cursor(ctx), begin_at.isoformat(), now)
    return begin_at


def _balance_at(ctx: Context, moment: datetime) -> Counter[str]:
    """Today's balance less all that has moved since, by currency; read again while it moves."""
    for _ in range(TRIES):
        balance = ctx.gateway.balance()
        then: Counter[str] = Counter({amount.currency: amount.minor for amount in balance})
        for movement in ctx.gateway.movements_since(moment):
            then[movement.net.currency] -= movement.net.minor
        if ctx.gateway.balance() == balance:
            return then
    raise TemporaryError(
        "balance_unsteady", "Stripe's balance did not hold still while it was read; it will be read again."
    )
