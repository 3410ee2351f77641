"""Money on its way from the provider's balance to the studio's bank: kept as it is now, posted by what it moved."""

from __future__ import annotations

from datetime import datetime

from billing.domain.events import DomainEvent
from billing.domain.settlement_books import post_payout
from billing.domain.settlements import PayoutFact, PayoutStatus, goes_back
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context

PAYOUT_FAILED = "payout_failed"


def read_payout(ctx: Context, payout_id: str) -> PayoutFact:
    """As it is now at the provider. A call outside: made before a transaction is opened."""
    return ctx.gateway.read_payout(payout_id)


def apply_payout(ctx: Context, uow: UnitOfWork, payout: PayoutFact) -> int:
    """Keep the payout and post its own movements, out of the balance and back, once each; returns how many were new.

    What moved before the books began is in their opening balance and is not posted. A payout that failed is shown to a
    person: it has failed for good, and its money comes with a later one.
    """
    now = ctx.now()
    begin_at = books_begin_at(ctx, uow)
    if not goes_back(uow.settlements.payout_status(payout.payout_id), payout.status):
        uow.settlements.keep_payout(payout, now)
    new = 0
    for movement in payout.own:
        if begin_at is None or movement.occurred_at < begin_at:
            continue
        posting = post_payout(movement, payout.payout_id, ctx.policy.day_of(movement.occurred_at))
        uow.journal.post(posting, now)
        new += uow.settlements.add_movement(payout.provider, movement, None, posting.transaction_id, now)
    if payout.status in (PayoutStatus.FAILED, PayoutStatus.CANCELED):
        _show_failure(uow, payout, now)
    return new


def books_begin_at(ctx: Context, uow: UnitOfWork) -> datetime | None:
    """From when on every movement of the balance is posted: pinned by the opening, else the first day of billing.

    None while there is no such day, or it is still to come.
    """
    pinned = uow.records.cursor(begin_cursor(ctx))
    if pinned:
        return datetime.fromisoformat(pinned)
    first_day = ctx.policy.billing_starts_on
    if first_day is None or first_day > ctx.today():
        return None
    return ctx.policy.first_moment_of(first_day)


def begin_cursor(ctx: Context) -> str:
    return f"{ctx.gateway.name}:books_begin_at"


def _show_failure(uow: UnitOfWork, payout: PayoutFact, now: datetime) -> None:
    """Told of once: a person who has mended it and closed the item is not asked again."""
    body: dict[str, str | int | None] = {"amount_minor": payout.amount.minor, "currency": payout.amount.currency}
    event_id = f"{PAYOUT_FAILED}:{payout.payout_id}"
    if not uow.journal.record_event(DomainEvent(event_id, PAYOUT_FAILED, payout.payout_id, now, body=body)):
        return
    what = "was refused by the bank" if payout.status is PayoutStatus.FAILED else "was canceled"
    sentence = (
        f"Payout {payout.payout_id} of {payout.amount} {what}; its money is back on the Stripe balance. Look in"
        " Stripe's dashboard under Payouts for the reason, and mend the bank account there: Stripe pays it out again"
        f" by itself. Then: `billing resolve {payout.payout_id} --code {PAYOUT_FAILED}`."
    )
    uow.tasks.raise_task(payout.payout_id, PAYOUT_FAILED, sentence, now)
