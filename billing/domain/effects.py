"""Effects: what must be done outside, one row each, with its own key, before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from billing.domain import canonical


class EffectKind(StrEnum):
    """What is done outside."""

    MAIL = "mail"
    PAY_LINK = "pay_link"
    CLOSE_PAY_LINK = "close_pay_link"
    CHARGE = "charge"
    WRITE_BACK = "write_back"
    GRANT = "grant"
    REVOKE = "revoke"
    REFUND = "refund"


class EffectState(StrEnum):
    """`unknown` is a state of its own: nothing else is tried for that subject until the provider was asked."""

    READY = "ready"
    IN_FLIGHT = "in_flight"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


OPEN_STATES = (EffectState.READY, EffectState.IN_FLIGHT, EffectState.UNKNOWN)

# Longer than any one call outside takes with its time-outs; what is claimed is begun at once.
LEASE = timedelta(minutes=5)

# How long an outcome is left alone before the outside is asked how it ended: the first time, the second, …; then daily.
ASK_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6))
ASK_DAILY = timedelta(days=1)

# Outcome codes that mean more than their words.
RESTORED = "restored"  # a backup was restored: it may have been done after the backup was made
SETTLED_BY_PERSON = "settled_by_person"
PROCESSING = "processing"  # a bank that takes days to answer


@dataclass(frozen=True, slots=True)
class Intent:
    """The decision to do one thing. `key` follows from what it is for; the same intent twice is one effect.

    `occasion` tells apart intents of one purpose that were given up and decided anew (a reminder of another day).
    """

    kind: EffectKind
    purpose: str
    subject_id: str
    parameters: dict[str, str | int | None]
    not_before: datetime | None = None
    occasion: str = ""

    @property
    def key(self) -> str:
        key = f"{self.kind}:{self.purpose}:{self.subject_id}"
        return f"{key}:{self.occasion}" if self.occasion else key

    @property
    def effect_id(self) -> str:
        return canonical.derived_id("eff", self.key)


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect as the ledger has it. `fence` grows with every lease; a late worker's outcome is refused by it.

    `asked`: how often the outside was asked since `unknown_since`. `outcome_code`: how it last ended, None before that.
    `not_before`: when it is begun at the earliest. `settled_at`: when it ended, None while it has not.
    """

    effect_id: str
    kind: EffectKind
    purpose: str
    subject_id: str
    key: str
    parameters: dict[str, str | int | None]
    state: EffectState
    attempts: int
    fence: int
    provider_reference: str | None
    created_at: datetime
    asked: int = 0
    unknown_since: datetime | None = None
    outcome_code: str | None = None
    not_before: datetime | None = None
    settled_at: datetime | None = None

    def text(self, name: str) -> str:
        """A parameter that must be there, as text."""
        value = self.parameters[name]
        if value is None:
            raise ValueError(f"effect {self.key} has no {name}")
        return str(value)

    def number(self, name: str) -> int:
        return int(self.text(name))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `retry_at` with `ready`: nothing happened, try then; with `unknown`: ask again then.

    `result` is what the outside answered, handed on to what follows; it is not stored here.
    """

    state: EffectState
    code: str
    detail: str = ""
    reference: str | None = None
    retry_at: datetime | None = None
    result: object = None


def retry_delay_seconds(attempts: int, asked_for: int | None = None) -> int:
    """How long to wait after the n-th temporary failure: 30 s doubling to an hour, never less than asked for."""
    return max(asked_for or 0, min(3600, 30 << min(attempts, 10)))


def ask_again_at(now: datetime, asked: int, not_sooner: datetime | None = None) -> datetime:
    """When to ask about an unknown outcome that was asked about so often: 1 min, 5 min, 1 h, 6 h, then daily.

    `not_sooner`: what the outside itself says of when it will know.
    """
    own = now + (ASK_AFTER[asked] if asked < len(ASK_AFTER) else ASK_DAILY)
    return max(own, not_sooner) if not_sooner else own


def message_id(key: str, domain: str) -> str:
    """The Message-ID that follows from an effect's key, so that a second copy is recognisable as one."""
    return f"<{canonical.sha256(key)[:32]}@{domain}>"
