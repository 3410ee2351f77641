"""The ledger's part for operations: holds, heartbeats, reconciliations and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

CAUSE_RESTORED, CAUSE_ASKED_FOR = "restored", "asked_for"
PINNED_ACCOUNT = "stripe_account"  # "acct_… live|test": whose ledger it is, kept on first sight (Desk.pin)


@dataclass(frozen=True, slots=True)
class Hold:
    """While it is open nothing is done outside. `cause`: restored | asked_for."""

    cause: str
    reason: str
    actor: str
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When a sensor or a job last did its work, and how often it is expected to."""

    name: str
    every: timedelta
    succeeded_at: datetime


@dataclass(frozen=True, slots=True)
class ServerEnd:
    """A server of `billing up` that ended and should not. Neither code nor signal: it could not be started."""

    server: str
    ended_at: datetime
    exit_code: int | None
    signal: int | None
    lived_seconds: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the ledger and the outside do not agree. `sentence` says what differs and what to do.

    `cause` is a stable code. Amounts in minor units of `currency`, None where it is not about money.
    """

    scope: str  # stripe | vsco | galleries
    subject_id: str
    cause: str
    sentence: str
    currency: str | None = None
    ledger_minor: int | None = None
    outside_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One comparison that was finished."""

    scope: str
    started_at: datetime
    finished_at: datetime
    compared: int
    differences: int


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """What the machine's clock has shown to this ledger.

    `latest_at`: the latest moment ever. `shown_at`: the moment when it was last looked at, if it was. `set_back_at`:
    while it shows less than it has shown before, what it showed when that was noticed.
    """

    latest_at: datetime
    shown_at: datetime | None
    set_back_at: datetime | None


class Operations(Protocol):
    """Holds, heartbeats, what the clock has shown, servers that ended, reconciliations."""

    def place_hold(self, cause: str, reason: str, actor: str, now: datetime) -> bool:
        """False if one of this cause is open already."""
        ...

    def lift_hold(self, cause: str, actor: str, now: datetime) -> bool:
        """False if none of this cause was open."""
        ...

    def holds(self) -> list[Hold]:
        """Those that are open, oldest first."""
        ...

    def last_hold(self, cause: str) -> datetime | None:
        """When the newest hold of this cause was placed, open or not."""
        ...

    def beat(self, name: str, every: timedelta, now: datetime) -> None: ...

    def heartbeats(self) -> list[Heartbeat]: ...

    def clock(self) -> ClockSeen | None:
        """None before it was ever looked at, or anything written down."""
        ...

    def clock_shows(self, now: datetime) -> None:
        """It goes on as it should."""
        ...

    def clock_went_back(self, now: datetime, leases_until: datetime) -> None:
        """It shows less than before. What was due by then, and what was to be tried again, is due now; leases that were
        given by the later clock end no later than `leases_until`."""
        ...

    def clock_is_right(self, now: datetime) -> None:
        """It is not behind any more: no later moment counts as seen, and what was to be tried again is due now."""
        ...

    def add_server_end(self, end: ServerEnd) -> None: ...

    def server_ends(self, since: datetime) -> list[ServerEnd]:
        """Those of this moment and later, oldest first."""
        ...

    def record_reconciliation(self, done: Reconciliation, found: Sequence[Difference], now: datetime) -> None:
        """Keep it: new differences are opened, those of this scope that were not found any more are closed."""
        ...

    def open_differences(self, scope: str | None = None) -> list[Difference]: ...

    def last_reconciliation(self, scope: str) -> Reconciliation | None: ...

    def pin(self, name: str, value: str, now: datetime) -> str:
        """Keep a value on first sight and return the pinned one ever after."""
        ...

    def pinned(self, name: str) -> str | None: ...
