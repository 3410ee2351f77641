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
from billing.ports.ledger import Books
from billing.services.context import House
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


def settle_movements(house: House, since: datetime | None = None) -> Settled:
    """Post every movement that the books do not have, since the cursor or earlier; each once, however often it is read.

    What is one of ours is not posted here: its payment's story is told anew. TemporaryError if the provider does not
    answer: what was posted until then stays, and the rest is read again.
    """
    read = posted = left = 0
    for chunk in settled_chunks(house, since):
        read, posted, left = read + len(chunk.movements), posted + chunk.posted, left + len(chunk.left)
    return Settled(read, posted, left)


def settled_chunks(house: House, since: datetime | None = None) -> Iterator[Chunk]:
    """The same, a chunk at a time; the cursor moves when all were read, and never past what could not be booked."""
    begin_at = open_books(house)
    if begin_at is None:
        return
    newest, oldest_left = None, None
    for movements in _in_chunks(house.gateway.movements_since(settled_from(house, begin_at, since))):
        chunk = _settle(house, movements)
        newest = newest or movements[0].occurred_at
        oldest_left = min([m.occurred_at for m in chunk.left], default=oldest_left)
        yield chunk
    reached = oldest_left or newest
    if reached:
        with house.ledger.write() as books:
            books.records.move_cursor(_cursor(house), reached.isoformat(), house.now())


def settled_from(house: House, begin_at: datetime, since: datetime | None) -> datetime:
    """Where a reading starts: at the cursor less an overlap, or at `since` if that is earlier; not before the books."""
    with house.ledger.read() as books:
        cursor = books.records.cursor(_cursor(house))
    known_until = datetime.fromisoformat(cursor) - OVERLAP if cursor else begin_at
    return max(begin_at, min(known_until, since or known_until))


def _cursor(house: House) -> str:
    return f"{house.gateway.name}:movements"


def _in_chunks(movements: Iterable[Movement]) -> Iterator[list[Movement]]:
    listed = iter(movements)
    while some := list(islice(listed, AT_A_TIME)):
        yield some


def _settle(house: House, movements: Sequence[Movement]) -> Chunk:
    unknown = _unknown(house, movements)
    foreign = [movement for movement in unknown if not movement.payment_id and movement.kind not in _PAYOUTS]
    foreign += _settle_payouts(house, [movement for movement in unknown if movement.kind in _PAYOUTS])
    foreign += _settle_payments(house, [movement for movement in unknown if movement.payment_id])
    if foreign:
        with house.ledger.write() as books:
            for movement in foreign:
                _book_other(house, books, movement)
    left = _unknown(house, unknown) if unknown else []
    return Chunk(movements, len(unknown) - len(left), left)


def _book_other(house: House, books: Books, movement: Movement) -> None:
    posting = post_other(movement, house.policy.day_of(movement.occurred_at))
    transaction_id = posting.transaction_id if posting else None
    is_new = books.settlements.add_movement(house.gateway.name, movement, None, transaction_id, house.now())
    if is_new and posting:
        books.journal.post(posting, house.now())


def _unknown(house: House, movements: Sequence[Movement]) -> list[Movement]:
    with house.ledger.read() as books:
        return [movement for movement in movements if books.settlements.movement(movement.movement_id) is None]


def _settle_payouts(house: House, movements: Sequence[Movement]) -> list[Movement]:
    """Payouts are applied; returns the movements that name none."""
    payout_ids = sorted({movement.source_id for movement in movements if movement.source_id})
    with ThreadPoolExecutor(house.concurrency) as pool:
        payouts = list(pool.map(lambda payout_id: read_payout(house, payout_id), payout_ids))
    for payout in payouts:
        with house.ledger.write() as books:
            apply_payout(house, books, payout)
    return [movement for movement in movements if not movement.source_id]


def _settle_payments(house: House, movements: Sequence[Movement]) -> list[Movement]:
    """Our payments' stories are booked; returns the movements of payments that are not of our asking."""
    foreign: set[str] = set()
    for payment_id, story in read_stories(house, {movement.payment_id or "" for movement in movements}):
        if isinstance(story, BillingError):
            continue
        with house.ledger.write() as books:
            if is_ours(books, story):
                book_story(house, books, story)
            else:
                foreign.add(payment_id)
    return [movement for movement in movements if movement.payment_id in foreign]
