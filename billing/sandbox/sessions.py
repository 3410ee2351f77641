"""What the photographer does in VSCO Workspace by hand: mark a session as done."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store
from billing.sandbox.vsco.records import save, stamp, studio_today


def complete_session(store: Store, clock: SandboxClock, job_id: str) -> Body:
    """Move a job to the fulfillment stage today; a second time changes nothing. Raises KeyError for an unknown job.

    What was planned for a later day took place today: nobody is billed for a session that is to come.
    """
    with store.transaction():
        job, today = store.get("vsco.job", job_id), studio_today(store, clock)
        if job is None:
            raise KeyError(job_id)
        if job["stage"] in ("fulfillment", "completed"):
            return job
        for event in store.newest("vsco.event", job_id):
            if (event["startDate"] or "") > today.isoformat():
                save(store, clock, "event", event | _on(today, event))
        job["stage"] = "fulfillment"
        job["fulfillmentDate"] = today.isoformat()
        job["eventDate"] = min(job["eventDate"] or "", today.isoformat()) or None
        return save(store, clock, "job", job)


def _on(day: date, event: Body) -> Body:
    """When it starts and ends, moved to that day at the same hours."""
    days = day - date.fromisoformat(event["startDate"])
    moved: Body = {}
    for side in ("start", "end"):
        local = datetime.combine(
            date.fromisoformat(event[f"{side}Date"]) + days,
            time.fromisoformat(event[f"{side}Time"]),
            ZoneInfo(event["timezoneName"]),
        )
        moved |= {f"{side}Date": local.date().isoformat(), f"{side}Utc": stamp(local.astimezone(UTC))}
    return moved
