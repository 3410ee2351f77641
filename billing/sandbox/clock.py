"""The sandbox's injectable clock: real time plus an offset, or frozen. Kept in the store, so it survives a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from billing.sandbox.store import Store


class SandboxClock:
    """`now()` in UTC. `advance` moves it forward; `freeze` stops it at an instant; `release` lets it run from there."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def now(self) -> datetime:
        frozen = self._store.setting("clock:frozen_at")
        if frozen:
            return datetime.fromisoformat(frozen)
        return datetime.now(UTC) + timedelta(seconds=float(self._store.setting("clock:offset_seconds") or "0"))

    def freeze(self, at: datetime) -> None:
        self._store.set_setting("clock:frozen_at", at.astimezone(UTC).isoformat())

    def release(self) -> None:
        now = self.now()
        self._store.set_setting("clock:frozen_at", "")
        self._store.set_setting("clock:offset_seconds", str((now - datetime.now(UTC)).total_seconds()))

    def advance(self, by: timedelta) -> None:
        if self._store.setting("clock:frozen_at"):
            self.freeze(self.now() + by)
            return
        offset = float(self._store.setting("clock:offset_seconds") or "0") + by.total_seconds()
        self._store.set_setting("clock:offset_seconds", str(offset))

    def timestamp(self) -> int:
        """Whole seconds since the epoch, as Stripe writes times."""
        return int(self.now().timestamp())
