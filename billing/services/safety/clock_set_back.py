"""A machine's clock that went back: said as what it is, and nothing that hangs on the day goes out meanwhile.

Which of two things came first is told by the ledger's own order, never by the clock, so nothing else stands still:
money is booked, receipts go out, galleries open. It ends by itself once the clock has passed the latest moment that it
has shown. If it was wrong then (it ran ahead, and was put right), a person says so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.domain.effects import LEASE
from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE, Command, DomainEvent
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import ClockSeen
from billing.services.context import Context
from billing.services.safety.alert_owner import mail_to_owner

TOLERANCE = timedelta(minutes=5)  # clocks are corrected by seconds all the time, and two machines differ by as much
LOOK_EVERY = timedelta(minutes=1)
CLOCK, SET_BACK = "clock", "clock_set_back"
_SAY_SO = '`billing clock-is-right --reason "…"`.'
_IF_IT_WAS_WRONG = (
    "If the clock was wrong before and is right now, ask whoever looks after the installation to say so; all then"
    " goes on at once."
)


def look_at_clock(ctx: Context) -> str | None:
    """Hold the clock against what it has shown before; while it is behind, the sentence that says so.

    Cheap when all is well: at most one commit a minute.
    """
    now = ctx.now()
    with ctx.ledger.read() as uow:
        seen = uow.operations.clock()
    if seen is None or _went_back(seen, now) or _has_caught_up(seen, now) or _is_some_time_ago(seen, now):
        with ctx.ledger.write() as uow:
            _keep(ctx, uow, now)
    with ctx.ledger.read() as uow:
        return why_behind(ctx, uow)


def _went_back(seen: ClockSeen, now: datetime) -> bool:
    """Whether it shows less than it did when it was last looked at, and nobody has noticed yet."""
    before = seen.shown_at if seen.set_back_at and seen.shown_at else seen.latest_at
    return now < before - TOLERANCE


def _has_caught_up(seen: ClockSeen, now: datetime) -> bool:
    return seen.set_back_at is not None and now >= seen.latest_at


def _is_some_time_ago(seen: ClockSeen, now: datetime) -> bool:
    return seen.shown_at is None or now - seen.shown_at >= LOOK_EVERY


def _keep(ctx: Context, uow: UnitOfWork, now: datetime) -> None:
    """Another worker may have told of it by now."""
    seen = uow.operations.clock()
    if seen and _went_back(seen, now):
        uow.operations.clock_went_back(now, now + LEASE)
        # Of two machines whose clocks differ, one would tell each minute: an hour is told of once.
        event_id = f"{SET_BACK}:{seen.latest_at:%Y-%m-%dT%H}"
        body: dict[str, str | int | None] = {"had_shown": seen.latest_at.isoformat()}
        uow.journal.record_event(DomainEvent(event_id, SET_BACK, CLOCK, now, body=body))
        sentence = str(why_behind(ctx, uow))
        uow.tasks.raise_task(CLOCK, SET_BACK, sentence, now)
        plain = [_what_waits(ctx, uow.operations.clock() or seen, now), _IF_IT_WAS_WRONG]
        mail_to_owner(ctx, uow, CLOCK, "The machine's clock went back", plain, [_SAY_SO])
    elif seen and _has_caught_up(seen, now):
        uow.operations.clock_is_right(now)
        uow.tasks.resolve(CLOCK, SET_BACK, PIPELINE, now)
    else:
        uow.operations.clock_shows(now)


def is_behind(uow: UnitOfWork, now: datetime) -> datetime | None:
    """The latest moment that the clock has shown, while it shows less; else None."""
    seen = uow.operations.clock()
    return seen.latest_at if seen and now < seen.latest_at - TOLERANCE else None


def is_on_an_earlier_day(ctx: Context, uow: UnitOfWork) -> bool:
    """Whether the studio's day is one that is over already, by what the clock has shown before."""
    latest_at = is_behind(uow, ctx.now())
    return latest_at is not None and ctx.policy.day_of(latest_at) > ctx.today()


def check_day(ctx: Context, uow: UnitOfWork) -> None:
    """PermanentError while nothing can be dated, because the clock shows a day that is over already."""
    if is_on_an_earlier_day(ctx, uow):
        raise PermanentError("clock_behind", f"Nothing is dated today. {why_behind(ctx, uow)}")


def why_behind(ctx: Context, uow: UnitOfWork) -> str | None:
    """One sentence while the clock is behind: by how much, since when, what waits, and how it ends."""
    seen, now = uow.operations.clock(), ctx.now()
    if seen is None or now >= seen.latest_at - TOLERANCE:
        return None
    return f"{_what_waits(ctx, seen, now)} If the clock was wrong before and is right now, say so: {_SAY_SO}"


def _what_waits(ctx: Context, seen: ClockSeen, now: datetime) -> str:
    dated = " and no invoices" if ctx.policy.day_of(seen.latest_at) > ctx.today() else ""
    since = f" at {ctx.policy.in_words(seen.set_back_at)}" if seen.set_back_at else ""
    return (
        f"The machine's clock went back by {_span(seen.latest_at - (seen.set_back_at or now))}{since}: it had shown"
        f" {ctx.policy.in_words(seen.latest_at)}. Until it has passed that again no reminders{dated} go out; all else"
        " goes on, and this ends by itself."
    )


def clock_is_right(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """The command `clock_is_right`: a named person has looked at a clock. It must not be one that runs ahead."""
    now = ctx.now()
    if is_behind(uow, now) is None:
        raise PermanentError(
            "clock_not_behind", "The clock is not behind what it has shown before; nothing waits for it."
        )
    uow.operations.clock_is_right(now)
    uow.tasks.resolve(CLOCK, SET_BACK, command.actor, now)
    return f"It is {now:%Y-%m-%d %H:%M} UTC, then. What has waited goes on."


def _span(span: timedelta) -> str:
    """ "7 h", "12 min", "3 days"."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 48 * 60 else f"{round(minutes / 60 / 24)} days"
