"""What there is to do now: reasons to run a job, each with its work. The sensors and the demo look here."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from billing.domain import canonical
from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.published_file import REFRESH_EVERY, seen_current_of
from billing.services.context import Context
from billing.services.due_work import (
    commands_waiting,
    effects_due,
    effects_to_ask_about,
    events_waiting,
    follow_ups_are_due,
    grants_left_unplanned,
    invoices_left_unrendered,
    ledger_position,
    sessions_waiting,
)
from billing.services.intake.apply_events import poll_events
from billing.services.intake.observe_sessions import observe_jobs, wake_expected_sessions
from pipelines.jobs import (
    APPLY_STRIPE_EVENTS,
    BILL_COMPLETED_SESSIONS,
    BILLING_ASSETS,
    FOLLOW_UP_UNPAID,
    REFRESH_WAREHOUSE,
)
from sensors.patience import is_within

PAGES_A_LOOK = 5  # a tick has 60 s; more pages are read by the run, which has none to share
SESSIONS_TAGGED = 5
SESSION_TAG = "studio/session"


@dataclass(frozen=True, slots=True)
class RunReason:
    """One reason to start a job. `work` tells the same work from other work; `assets` None is the whole job."""

    name: str
    job: str
    work: str
    why: str
    assets: tuple[str, ...] | None = None
    tags: dict[str, str] = field(default_factory=dict)


def look_for_sessions(ctx: Context) -> RunReason | None:
    """Poll the booking system and say whether sessions wait to be billed, or more pages to be read."""
    seen = observe_jobs(ctx, PAGES_A_LOOK)
    wake_expected_sessions(ctx)
    waiting = sessions_waiting(ctx)
    if not waiting and seen.complete:
        return None
    jobs = [session_id.partition(":")[2] for session_id in waiting]
    why = f"sessions to bill: {len(waiting)}" if seen.complete else "more to read in VSCO Workspace"
    return RunReason(
        "sessions", BILL_COMPLETED_SESSIONS, _work(waiting, [str(seen.complete)]), why, tags=_session_tag(jobs)
    )


def look_for_payments(ctx: Context) -> RunReason | None:
    """Poll the payment provider's events and say whether any wait to be applied."""
    poll_events(ctx)
    return _events(ctx)


def look_for_due_work(ctx: Context) -> list[RunReason]:
    """What the ledger says is due: decisions, events from web hooks, effects, unknown outcomes, follow-ups."""
    reasons: list[RunReason | None] = [_events(ctx), _due_now(ctx), _left_behind(ctx), _unknown(ctx)]
    if follow_ups_are_due(ctx):
        day = ctx.today().isoformat()
        reasons.append(RunReason("follow_ups", FOLLOW_UP_UNPAID, day, f"follow-ups of {day} are due"))
    return [reason for reason in reasons if reason]


def look_for_new_figures(ctx: Context, instance: dg.DagsterInstance, now: float, path: Path) -> RunReason | None:
    """The ledger has changed since it was published: at most once a minute, and at once when it never was.

    Where it has not, that is noted beside the published file at `path`: readers see that it is not out of date.
    """
    position = ledger_position(ctx)
    extracted = instance.get_latest_materialization_event(dg.AssetKey("ledger_extract"))
    published = instance.get_latest_materialization_event(dg.AssetKey("published"))
    if extracted and published:
        is_whole = published.timestamp >= extracted.timestamp
        is_fresh = is_within(published.timestamp, REFRESH_EVERY.total_seconds(), now)
        is_current = is_whole and _position(extracted) == position
        if is_current and path.exists():
            note_seen_current(path)
            return None
        if is_fresh:
            return None
    return RunReason("figures", REFRESH_WAREHOUSE, position, "the ledger has changed")


def note_seen_current(path: Path) -> None:
    """Without room or rights for the note, readers are told that nobody knows."""
    with suppress(OSError):
        seen_current_of(path).touch(mode=0o600)


def _due_now(ctx: Context) -> RunReason | None:
    decisions, effects = commands_waiting(ctx), effects_due(ctx)
    if not decisions and not effects:
        return None
    ids = [effect_id for kind in effects.values() for effect_id in kind]
    starts = [EFFECT_SPECS[kind].chapter for kind in effects] + ["decisions"] * bool(decisions)
    why = f"due: decisions {len(decisions)}, effects {len(ids)}"
    return RunReason("due", BILL_COMPLETED_SESSIONS, _work(decisions, ids), why, _from(starts))


def _events(ctx: Context) -> RunReason | None:
    waiting = events_waiting(ctx)
    if not waiting:
        return None
    return RunReason("payments", APPLY_STRIPE_EVENTS, _work(waiting), f"Stripe events to apply: {len(waiting)}")


def _left_behind(ctx: Context) -> RunReason | None:
    unrendered, ungranted = invoices_left_unrendered(ctx), grants_left_unplanned(ctx)
    if not unrendered and not ungranted:
        return None
    starts = ["invoices"] * bool(unrendered) + ["gallery_grants"] * bool(ungranted)
    why = f"left behind: PDFs {len(unrendered)}, galleries {len(ungranted)}"
    return RunReason("left", BILL_COMPLETED_SESSIONS, _work(unrendered, ungranted), why, _from(starts))


def _unknown(ctx: Context) -> RunReason | None:
    unknown = effects_to_ask_about(ctx)
    if not unknown:
        return None
    ids = [effect_id for kind in unknown.values() for effect_id in kind]
    why = f"unknown outcomes to ask about: {len(ids)}"
    return RunReason(
        "unknown", BILL_COMPLETED_SESSIONS, _work(ids), why, _from([EFFECT_SPECS[kind].chapter for kind in unknown])
    )


def _from(starts: list[str]) -> tuple[str, ...]:
    """The billing assets from the first of these to the end of the story."""
    return BILLING_ASSETS[min(BILLING_ASSETS.index(start) for start in starts) :]


def _work(*ids: list[str]) -> str:
    return canonical.sha256("\n".join(",".join(part) for part in ids))[:16]


def _session_tag(jobs: list[str]) -> dict[str, str]:
    if not jobs:
        return {}
    more = len(jobs) - SESSIONS_TAGGED
    return {SESSION_TAG: " ".join(jobs[:SESSIONS_TAGGED]) + (f" +{more}" if more > 0 else "")}


def _position(event: dg.EventLogEntry) -> object:
    made = event.asset_materialization
    value = made.metadata.get("Ledger position") if made else None
    return value.value if value else None
