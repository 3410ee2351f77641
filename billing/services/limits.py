"""Daily limits: work that would go beyond them stops and asks a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE
from billing.ports.ledger import Books
from billing.services.house import House

LIMITED = ("invoices", "mails", "charges")


def room_today(house: House, what: str, limit: int, count: Callable[[Books, datetime], int]) -> int:
    """How much more of `what` may be done in the studio's day. A person may have raised today's limit."""
    with house.ledger.read() as books:
        return room_in(house, books, what, limit, count(books, house.policy.day_starts_at(house.now())))


def room_in(house: House, books: Books, what: str, limit: int, done: int) -> int:
    """The same, of a transaction that is open."""
    raised = books.records.cursor(limit_name(what, house, house.now()))
    return max(0, int(raised or limit) - done)


def raise_limit(house: House, books: Books, what: str, to: int) -> None:
    """Let today's work of this kind go up to `to`, and close the question."""
    if what not in LIMITED or to < 1:
        raise PermanentError(
            "no_such_limit", f"There are limits of {', '.join(LIMITED)}, each at least 1; not {what} {to}."
        )
    now = house.now()
    books.records.move_cursor(limit_name(what, house, now), str(to), now)
    books.desk.resolve_attention("limits", f"limit_{what}", PIPELINE, now)


def limit_name(what: str, house: House, now: datetime) -> str:
    return f"limit:{what}:{house.policy.day_of(now)}"
