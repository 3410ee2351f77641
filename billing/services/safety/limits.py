"""Daily limits: work that would go beyond them stops and asks a person."""

from __future__ import annotations

from datetime import datetime

from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE
from billing.domain.policy import StudioPolicy
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context

LIMITED = ("invoices", "mails", "charges")
MOST = 1_000_000  # more than any studio does in a day: what is beyond it was not meant


def limit_today(policy: StudioPolicy, uow: UnitOfWork, what: str, now: datetime) -> int:
    """How much of `what` may be done in the studio's day. A person may have raised it for today."""
    return int(uow.records.cursor(_limit_name(policy, what, now)) or getattr(policy.limits, what))


def room_in(ctx: Context, uow: UnitOfWork, what: str, done: int) -> int:
    """How much more of it."""
    return max(0, limit_today(ctx.policy, uow, what, ctx.now()) - done)


def raise_limit(ctx: Context, uow: UnitOfWork, what: str, to: int) -> None:
    """Let today's work of this kind go up to `to`, and close the question."""
    if what not in LIMITED or not 1 <= to <= MOST:
        raise PermanentError(
            "no_such_limit",
            f"There are limits of {', '.join(LIMITED)}, each at least 1 and at most {MOST:,}; not {what} {to}.",
        )
    now = ctx.now()
    uow.records.move_cursor(_limit_name(ctx.policy, what, now), str(to), now)
    uow.tasks.resolve("limits", f"limit_{what}", PIPELINE, now)


def _limit_name(policy: StudioPolicy, what: str, now: datetime) -> str:
    return f"limit:{what}:{policy.day_of(now)}"
