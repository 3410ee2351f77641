"""The watchdog: when each sensor and job last did its work, kept in the ledger, and what it is late with.

It can be looked at by anybody who reads the ledger: `billing status`, `billing watchdog` from cron, the sensors
themselves. Whoever looks tells the owner, once a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.domain.events import PIPELINE
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import ClockSeen, Heartbeat
from billing.services.context import Context
from billing.services.safety.alert_owner import mail_to_owner, told_to_both, was_mailed_today
from billing.services.safety.clock_set_back import look_at_clock

# What must beat by itself, and what does not happen while it is silent. A name that is not here, of a sensor that was
# renamed, alarms nobody.
_MISSED = {
    "completed_sessions": "no finished session has been noticed, so no new invoice is made",
    "stripe_payments": "no payment has been noticed, so receipts and galleries wait",
    "due_work": "nothing that is due goes out: no invoices, charges, reminders, receipts or galleries",
}
WATCHED = tuple(_MISSED)
_DO = (
    "See whether the computer that it runs on is switched on and online. Whatever has waited is then done by itself,"
    " and nothing of it twice. If that was not it, please pass this mail on to whoever looks after the installation."
)
BEAT_EVERY = timedelta(minutes=1)  # at most one commit a minute for each name
LATE_AFTER = 3  # intervals
LATE = "late"
_MAIL = "watchdog"
NO_DEADLINE = timedelta(0)  # of a job that runs when there is work: the sensors' beats stand for it


def beat(ctx: Context, name: str, every: timedelta = NO_DEADLINE, at: datetime | None = None) -> bool:
    """Keep that `name` has done its work (`at`, else now); False, and nothing written, if that was kept just now."""
    at = at or ctx.now()
    with ctx.ledger.read() as uow:
        last = next((one.succeeded_at for one in uow.operations.heartbeats() if one.name == name), None)
    if last is not None and abs(at - last) < BEAT_EVERY:
        return False
    with ctx.ledger.write() as uow:
        uow.operations.beat(name, max(every, BEAT_EVERY) if every else every, at)
    return True


def late_heartbeats(ctx: Context) -> list[Heartbeat]:
    """Those of WATCHED whose last success is more than three of their intervals ago; none where nothing ever ran."""
    with ctx.ledger.read() as uow:
        return late_of(uow, ctx.now())


def late_of(uow: UnitOfWork, now: datetime) -> list[Heartbeat]:
    seen = uow.operations.clock()
    return [one for one in uow.operations.heartbeats() if is_late(one, now, seen)]


def is_late(heartbeat: Heartbeat, now: datetime, seen: ClockSeen | None = None) -> bool:
    """A beat from before the clock was set back is as old as what is known of that."""
    is_watched = heartbeat.name in WATCHED and heartbeat.every > NO_DEADLINE
    last = heartbeat.succeeded_at
    if last > now:
        last = seen.set_back_at if seen and seen.set_back_at else now
    return is_watched and now - last > LATE_AFTER * heartbeat.every


def watch(ctx: Context) -> list[str]:
    """Tell of what is late, and take back what beats again; what is said of each. Cheap when all is well.

    A clock that went back is told of first: by it nothing is late.
    """
    look_at_clock(ctx)
    now = ctx.now()
    with ctx.ledger.read() as uow:
        late = late_of(uow, now)
        shown = {item.subject_id for item in uow.tasks.open_tasks() if item.code == LATE}
        is_mailed = not late or was_mailed_today(ctx, uow, _MAIL)
    told = {_subject(one.name): told_to_both([_missed(ctx, one), _DO], [_technical(one)]) for one in late}
    if set(told) == shown and is_mailed:
        return list(told.values())
    with ctx.ledger.write() as uow:
        for subject in shown - set(told):
            uow.tasks.resolve(subject, LATE, PIPELINE, now)
        for subject, sentence in told.items():
            uow.tasks.raise_task(subject, LATE, sentence, now)
        if late:
            plain = [*(_missed(ctx, one) for one in late), _DO]
            mail_to_owner(ctx, uow, _MAIL, "Studio Billing stands still", plain, [_technical(one) for one in late])
    return list(told.values())


def _subject(name: str) -> str:
    return f"watchdog:{name}"


def _missed(ctx: Context, heartbeat: Heartbeat) -> str:
    """What does not happen, and since when by the studio's clock."""
    return f"Since {ctx.policy.in_words(heartbeat.succeeded_at)} {_MISSED[heartbeat.name]}."


def _technical(heartbeat: Heartbeat) -> str:
    return (
        f"{heartbeat.name} last did its work on {heartbeat.succeeded_at:%Y-%m-%d at %H:%M} UTC and should every"
        f" {int(heartbeat.every.total_seconds())} s. See whether the daemon runs (`billing up`, or its service), and"
        " what is wrong: `billing doctor`."
    )
