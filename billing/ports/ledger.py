"""The ledger by role: a unit of work (`UnitOfWork`) of small parts, each with the few questions that services ask."""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol

from billing.domain.books import Entry, Posting
from billing.domain.events import DomainEvent
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import ProviderEvent, SavedMethod
from billing.ports.commands import Commands
from billing.ports.correspondence import Correspondence
from billing.ports.effects import Effects
from billing.ports.invoicing import Documents, Drafts, PayLinks, ReminderPauses
from billing.ports.operations import Operations
from billing.ports.outside import RawRecord
from billing.ports.rows import DraftRow, FinalizationFacts, GrantRow, InvoiceRow, PaymentRow, SessionRow
from billing.ports.settlements import Settlements
from billing.ports.tasks import Tasks

__all__ = [
    "Commands",
    "Correspondence",
    "Documents",
    "DraftRow",
    "Drafts",
    "Effects",
    "FinalizationFacts",
    "GrantRow",
    "Grants",
    "InvoiceRow",
    "Invoices",
    "Journal",
    "Ledger",
    "Operations",
    "PayLinks",
    "PaymentRow",
    "Payments",
    "Records",
    "ReminderPauses",
    "SessionRow",
    "Sessions",
    "Settlements",
    "Tasks",
    "UnitOfWork",
]


class Records(Protocol):
    """Raw outside facts, every version."""

    def keep(self, source: str, record: RawRecord, job_id: str | None, now: datetime) -> bool:
        """Store the record if it differs from its newest version; True if it was new."""
        ...

    def keep_all(
        self, source: str, job_id: str, records: Sequence[RawRecord], now: datetime, not_shown: Container[str] = ()
    ) -> bool:
        """Keep all that belongs to the job now; what belonged to it before does not any more. True if that is news.

        Of the kinds in `not_shown` nobody knows: what belonged to it of them still does.
        """
        ...

    def of_job(self, source: str, job_id: str, horizon: int | None = None) -> list[RawRecord]:
        """The newest version of all that belongs to the job; with a horizon, as it was known then."""
        ...

    def of_kinds(self, source: str, kinds: Sequence[str], horizon: int | None = None) -> list[RawRecord]:
        """The newest version of all of these kinds; with a horizon, as it was known then."""
        ...

    def horizon(self) -> int:
        """The number of the newest record or change of links: "what did we know when we billed" is all up to it."""
        ...

    def cursor(self, name: str) -> str | None: ...

    def move_cursor(self, name: str, value: str, now: datetime) -> None: ...


class Sessions(Protocol):
    """Completed sessions and what became of them."""

    def observe(self, session: SessionRow, trigger_policy: str, reason: str | None = None) -> bool:
        """First sight of a completed session; False if it is known."""
        ...

    def get(self, session_id: str) -> SessionRow | None: ...

    def in_state(self, state: str, limit: int | None = None) -> list[SessionRow]:
        """Those that were completed first come first."""
        ...

    def settle(self, session_id: str, state: str, reason: str | None, now: datetime) -> None: ...

    def records_fetched(self, session_id: str, at: datetime | None) -> None:
        """Its records were read then; with None, they are to be read anew."""
        ...

    def not_answered(self, session_id: str, now: datetime) -> datetime:
        """It was asked for in vain; returns since when that is so."""
        ...

    def wake(self, session_id: str, state: str, reason: str | None, completed_on: date, now: datetime) -> None:
        """An expected session was completed now, or has a new order: this is when its trigger was first observed."""
        ...

    def to_look_at_again(self, fetched_before: datetime, finalized_after: datetime, limit: int) -> list[SessionRow]:
        """Billed ones whose job has changed since, then those billed lately and not read since `fetched_before`."""
        ...

    def without_gallery(self, fetched_before: datetime, finalized_after: datetime, paid_only: bool) -> list[SessionRow]:
        """Billed (and paid, if `paid_only`), no gallery known yet, and not looked at since `fetched_before`."""
        ...


class Invoices(Protocol):
    """Finalized invoices."""

    def next_sequence(self, series: str) -> int:
        """The next number of the series, taken in this transaction: a rollback gives it back, so there are no gaps."""
        ...

    def revisions(self, session_id: str, part: str) -> tuple[int, bool]:
        """How many invoices this part has had, and whether the newest of them is still live."""
        ...

    def of_session(self, session_id: str) -> list[InvoiceRow]:
        """All invoices of the session, void ones too, oldest first."""
        ...

    def of_order(self, source: str, part: str) -> list[InvoiceRow]:
        """All invoices of this order, whatever session it was billed in, void ones too, oldest first."""
        ...

    def of_client(self, client_id: str) -> list[InvoiceRow]:
        """All invoices of the client, void ones too, oldest first."""
        ...

    def add(self, invoice: Invoice, facts: FinalizationFacts) -> None: ...

    def get(self, invoice_id: str) -> InvoiceRow | None: ...

    def require(self, invoice_id: str) -> InvoiceRow:
        """As `get`; PermanentError `no_such_invoice` if it is not there."""
        ...

    def by_number(self, number: str) -> InvoiceRow | None: ...  # in any case, as people type it

    def ready_to_render(self, limit: int) -> list[InvoiceRow]:
        """Live invoices without their PDF whose pay link is there, or that need none; oldest first."""
        ...

    def awaiting_grant(self, paid_only: bool) -> list[InvoiceRow]:
        """Of each session the first live invoice, if its gallery was neither granted nor intended to be.

        With `paid_only` all live invoices of the session must be paid.
        """
        ...

    def unpaid(self) -> list[InvoiceRow]: ...

    def made_since(self, since: datetime) -> int:
        """Invoices finalized and drafts waiting since then; the daily limit counts both."""
        ...

    def void(self, invoice_id: str, actor: str, reason: str, now: datetime) -> None: ...


class Journal(Protocol):
    """Double entry and the chain of domain events."""

    def post(self, posting: Posting, now: datetime) -> bool:
        """Append; False if this transaction was posted before."""
        ...

    def balance(self, account: str, detail: str) -> int: ...

    def balances(self, account: str) -> dict[str, int]:
        """All of the account, in minor units by currency."""
        ...

    def entries(self, transaction_id: str) -> list[Entry]: ...

    def entries_about(self, subject_id: str, kinds: Sequence[str] = ()) -> list[Entry]:
        """The entries of all transactions about the subject, or of those of these kinds, in the order of posting."""
        ...

    def position(self) -> str:
        """Where the journal and the domain events have come to; it changes whenever either grows."""
        ...

    def broken_links(self) -> list[str]:
        """Rows of both chains that do not match their hash any more, as "chain id". Reads all of them."""
        ...

    def totals(self, entries: int) -> dict[tuple[str, str], tuple[int, int]]:
        """(entries, balance in minor units) by account and currency, of the journal as it was with so many entries.

        Empty if no whole number of transactions has that many.
        """
        ...

    def record_event(self, event: DomainEvent) -> bool:
        """Append a domain event; False if it was told before."""
        ...

    def last_of(self, subject_id: str, kinds: Sequence[str]) -> DomainEvent | None:
        """What was told last of the subject, of these kinds."""
        ...


class Payments(Protocol):
    """Money received, provider events, consents."""

    def add(self, payment: PaymentRow, now: datetime) -> bool:
        """False if the (provider, object, kind) is recorded already."""
        ...

    def allocate(self, payment_id: str, invoice_id: str, amount: Money) -> None: ...

    def get(self, payment_id: str) -> PaymentRow | None: ...

    def of_invoice(self, invoice_id: str) -> list[PaymentRow]: ...

    def recorded_since(self, provider: str, since: datetime) -> list[PaymentRow]:
        """Payments of this provider that were recorded since then, newest first."""
        ...

    def keep_event(self, provider: str, event: ProviderEvent, now: datetime, ignored: str | None = None) -> bool:
        """Once per event id, to be applied, or ignored from the start for this reason; False if it is there already."""

    def waiting_events(self, provider: str, limit: int) -> list[ProviderEvent]: ...

    def waiting_since(self, provider: str, event_id: str) -> datetime | None:
        """When the event was kept; None if it does not wait any more."""
        ...

    def settle_event(self, provider: str, event_id: str, state: str, reason: str | None, now: datetime) -> None: ...

    def add_consent(self, method: SavedMethod, actor: str, now: datetime) -> None: ...

    def revoke_consent(self, client_id: str, now: datetime) -> bool: ...

    def consent(self, client_id: str) -> SavedMethod | None: ...


class Grants(Protocol):
    """Galleries opened for clients."""

    def add(self, grant: GrantRow, session_id: str) -> None: ...

    def of_invoice(self, invoice_id: str) -> list[GrantRow]:
        """Those that are open."""
        ...

    def is_open(self, grant_id: str) -> bool: ...

    def invoice_of(self, grant_id: str) -> str | None:
        """The invoice for which it was opened, whether it is open still or not."""
        ...

    def open_of_session(self, session_id: str) -> list[GrantRow]: ...

    def last_revoked(self, session_id: str) -> str | None:
        """The id of the grant of this session that was closed last."""
        ...

    def revoke(self, grant_id: str, now: datetime) -> bool:
        """Close it; False if it is not open."""
        ...


class UnitOfWork(Protocol):
    """One transaction over the whole ledger."""

    @property
    def records(self) -> Records: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def invoices(self) -> Invoices: ...
    @property
    def drafts(self) -> Drafts: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def pay_links(self) -> PayLinks: ...
    @property
    def pauses(self) -> ReminderPauses: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def effects(self) -> Effects: ...
    @property
    def grants(self) -> Grants: ...
    @property
    def tasks(self) -> Tasks: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def settlements(self) -> Settlements: ...
    @property
    def correspondence(self) -> Correspondence: ...
    @property
    def operations(self) -> Operations: ...


class Ledger(Protocol):
    """The system of record. No call outside is made while a transaction is open."""

    def read(self) -> AbstractContextManager[UnitOfWork]: ...

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """Commits at the end, rolls back on any exception."""
        ...
