"""What the photographer does in VSCO Workspace by hand: mark a session as done."""

from __future__ import annotations

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store
from billing.sandbox.vsco.records import save, studio_today


def complete_session(store: Store, clock: SandboxClock, job_id: str) -> Body:
    """Move a job to the fulfillment stage today; a second time changes nothing. Raises KeyError for an unknown job."""
    with store.transaction():
        job = store.get("vsco.job", job_id)
        if job is None:
            raise KeyError(job_id)
        if job["stage"] in ("fulfillment", "completed"):
            return job
        job["stage"] = "fulfillment"
        job["fulfillmentDate"] = studio_today(store, clock).isoformat()
        return save(store, clock, "job", job)
