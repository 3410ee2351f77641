"""Creating and changing objects: every object carries created and modified, and every change moves modified."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from billing.sandbox.clock import SandboxClock
from billing.sandbox.identity import new_id
from billing.sandbox.store import Body, Store


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_record(store: Store, clock: SandboxClock, **fields: object) -> Body:
    """A body with id, created, modified and hidden, not stored yet: also for parts that live inside another object."""
    now = stamp(clock.now())
    return {"id": new_id(store), "created": now, "modified": now, "hidden": False, **fields}


def create(store: Store, clock: SandboxClock, path: str, parent: str | None = None, **fields: object) -> Body:
    return store.put(f"vsco.{path}", *_placed(new_record(store, clock, **fields)), parent)


def save(store: Store, clock: SandboxClock, path: str, body: Body) -> Body:
    """Store a changed object; this is the only way to change one, so that pollers see it."""
    body["modified"] = stamp(clock.now())
    return store.put(f"vsco.{path}", body["id"], body)


def studio_today(store: Store, clock: SandboxClock) -> date:
    """Today in the studio's own time zone: VSCO's dates are local dates."""
    return clock.now().astimezone(ZoneInfo(store.setting("vsco:timezone") or "UTC")).date()


def _placed(body: Body) -> tuple[str, Body]:
    return body["id"], body
