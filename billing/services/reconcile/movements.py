"""Every movement of the provider's balance, brought into the books: the provider's balance is `stripe_clearing`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from billing.domain.errors import BillingError
from billing.domain.settlement_books import post_other
from billing.domain.settlements import Movement, MovementKind
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context
from billing.services.reconcile.opening import open_books
from billing.services.reconcile.stories import AT_A_TIME, book_story, is_ours, read_stories
from billing.services.settlements.settle_payouts import apply_payout, read_payout

OVERLAP = timedelta(days=2)  # movements are listed by whole seconds, and may be listed a little late
_PAYOUTS = (MovementKind.PAYOUT, MovementKind.PAYOUT_RETURNED)


@dataclass(frozen=True, slots=True)
class Settled:
    """What one reading did: of `read` movements `posted` were news, and `left` are ours and could not be booked."""

    read: int = 0
    posted: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some movements after the books were brought up to date with them, newest first. `left` could not be booked."""

    movements: Sequence[Movement]
    posted: int
    left: Sequence[Movement] = field(default=())


def settle_movements(ctx: Context, since: datetime | None = None) -> Settled:
    """Post every movement that the books do not have, since the cursor or earlier; each once, however often it is read.

    What is one of ours is not posted here: its payment's story is told anew. TemporaryError if the provider does not
    answer: what was posted until then stays, and the rest is read again.
    """
    read = posted = left = 0
    for chunk in settled_chunks(ctx, since):
        read, posted, left = read + len(chunk.movements), posted + chunk.posted, left + len(chunk.left)
    return Settled(read, posted, left)


def settled_chunks(ctx: Context, since: datetime | None = None) -> Iterator[Chunk]:
    """The same, a chunk at a time; the cursor moves when all were read, and never past what could not be booked."""
    begin_at = open_books(ctx)
    if begin_at is None:
        return
    newest, oldest_left = None, None
    for movements in _in_chunks(ctx.gateway.movements_since(settled_from(ctx, begin_at, since))):
        chunk = _settle(ctx, movements)
        newest = newest or movements[0].occurred_at
        oldest_left = min([m.occurred_at for m in chunk.left], default=oldest_left)
        yield chunk
    reached = oldest_left or newest
    if reached:
        with ctx.ledger.write() as uow:
            uow.records.move_cursor(_cursor(ctx), reached.isoformat(), ctx.now())


def settled_from(ctx: Context, begin_at: datetime, since: datetime | None) -> datetime:
    """Where a reading starts: at the cursor less an overlap, or at `since` if that is earlier; not before the books."""
    with ctx.ledger.read() as uow:
        cursor = uow.records.cursor(_cursor(ctx))
    known_until = datetime.fromisoformat(cursor) - OVERLAP if cursor else begin_at
    return max(begin_at, min(known_until, since or known_until))


def _cursor(ctx: Context) -> str:
    return f"{ctx.gateway.name}:movements"


def _in_chunks(movements: Iterable[Movement]) -> Iterator[list[Movement]]:
    listed = iter(movements)
    while some := list(islice(listed, AT_A_TIME)):
        yield some


def _settle(ctx: Context, movements: Sequence[Movement]) -> Chunk:
    unknown = _unknown(ctx, movements)
    foreign = [movement for movement in unknown if not movement.payment_id and movement.kind not in _PAYOUTS]
    foreign += _settle_payouts(ctx, [movement for movement in unknown if movement.kind in _PAYOUTS])
    foreign += _settle_payments(ctx, [movement for movement in unknown if movement.payment_id])
    if foreign:
        with ctx.ledger.write() as uow:
            for movement in foreign:
                _book_other(ctx, uow, movement)
    left = _unknown(ctx, unknown) if unknown else []
    return Chunk(movements, len(unknown) - len(left), left)


def _book_other(ctx: Context, uow: UnitOfWork, movement: Movement) -> None:
    posting = post_other(movement, ctx.policy.day_of(movement.occurred_at))
    transaction_id = posting.transaction_id if posting else None
    is_new = uow.settlements.add_movement(ctx.gateway.name, movement, None, transaction_id, ctx.now())
    if is_new and posting:
        uow.journal.post(posting, ctx.now())


def _unknown(ctx: Context, movements: Sequence[Movement]) -> list[Movement]:
    with ctx.ledger.read() as uow:
        return [movement for movement in movements if uow.settlements.movement(movement.movement_id) is None]


def _settle_payouts(ctx: Context, movements: Sequence[Movement]) -> list[Movement]:
    """Payouts are applied; returns the movements that name none."""
    payout_ids = sorted({movement.source_id for movement in movements if movement.source_id})
    with ThreadPoolExecutor(ctx.concurrency) as pool:
        payouts = list(pool.map(lambda payout_id: read_payout(ctx, payout_id), payout_ids))
    for payout in payouts:
        with ctx.ledger.write() as uow:
            apply_payout(ctx, uow, payout)
    return [movement for movement in movements if not movement.source_id]


def _settle_payments(ctx: Context, movements: Sequence[Movement]) -> list[Movement]:
    """Our payments' stories are booked; returns the movements of payments that are not of our asking."""
    foreign: set[str] = set()
    for payment_id, story in read_stories(ctx, {movement.payment_id or "" for movement in movements}):
        if isinstance(story, BillingError):
            continue
        with ctx.ledger.write() as uow:
            if is_ours(uow, story):
                book_story(ctx, uow, story)
            else:
                foreign.add(payment_id)
    return [movement for movement in movements if movement.payment_id in foreign]
