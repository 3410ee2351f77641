"""What must be done outside, as the ledger keeps it: intents, leases and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from billing.domain.effects import Effect, EffectKind, EffectState, Intent, Outcome


class Effects(Protocol):
    """Intents and how they ended."""

    def intend(self, intent: Intent, now: datetime) -> bool:
        """Commit to do it; False if this key is there already."""
        ...

    def claim(
        self,
        kinds: Sequence[EffectKind],
        owner: str,
        now: datetime,
        lease_until: datetime,
        limit: int,
        purposes: Sequence[str] | None = None,
    ) -> list[Effect]:
        """Lease due effects (state ready, not_before passed), all or those of these purposes, oldest first."""
        ...

    def note_reference(self, effect: Effect, reference: str) -> None:
        """Keep the provider's id of the object before acting on it; refused if the lease is lost."""
        ...

    def settle(self, effect: Effect, outcome: Outcome, now: datetime) -> bool:
        """Record how it ended; False (and nothing recorded) if another worker holds a newer fence."""
        ...

    def give_up(self, effect_id: str, code: str, detail: str, now: datetime) -> bool:
        """Cancel what stands ready; False if somebody has begun it, or it has ended."""
        ...

    def lapsed(self, now: datetime) -> list[Effect]:
        """In flight with a lease that has run out: their worker is dead, their outcome unknown."""
        ...

    def to_ask(self, now: datetime) -> list[Effect]:
        """Unknown, to be asked about now, and by nobody yet."""
        ...

    def claim_unknown(self, kind: EffectKind, owner: str, now: datetime, lease_until: datetime) -> list[Effect]:
        """Lease what is unknown and to be asked about now, and count it: one worker asks, a late one is fenced."""
        ...

    def in_state(self, state: EffectState, kind: EffectKind | None = None) -> list[Effect]: ...

    def of_subject(self, subject_id: str, kind: EffectKind | None = None) -> list[Effect]: ...

    def get(self, effect_id: str) -> Effect | None: ...

    def sent_on(self, subject_id: str, purpose_prefix: str) -> list[tuple[str, datetime]]:
        """(purpose, when) of mails of this subject that were tried; given-up ones do not count."""
        ...

    def intended_since(self, kind: EffectKind, since: datetime) -> int: ...

    def done_between(self, kind: EffectKind, since: datetime, until: datetime) -> list[Effect]:
        """Those that were done at `since` or later and before `until`, in the order in which they were intended."""
        ...

    def reopen(self, effect_id: str, state: EffectState, not_before: datetime) -> None: ...

    def overdue(self, before: datetime) -> list[Effect]:
        """Ready or in flight, and due before then; or unknown since before then."""
        ...

    def doubt_all(self, code: str, detail: str, now: datetime) -> list[Effect]:
        """Make all that is ready or in flight unknown, to be asked about now; a lease that is held is fenced off."""
        ...

    def due(self, now: datetime) -> list[tuple[str, EffectKind]]:
        """(effect_id, kind) of what is ready now, or was left by a worker that died; oldest first."""
        ...
