"""What belongs to an invoice, as services see it: its draft, documents, pages to pay on, reminders that rest."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import PayLink
from billing.ports.rows import DraftRow


class Drafts(Protocol):
    """Invoices without a number, which may still change or be discarded."""

    def keep(self, invoice: Invoice, state: str, now: datetime) -> None: ...

    def in_state(self, state: str) -> list[DraftRow]: ...

    def get(self, invoice_id: str) -> DraftRow | None: ...

    def of_session(self, session_id: str) -> list[DraftRow]:
        """Whatever became of them, oldest first."""
        ...

    def of_order(self, source: str, part: str) -> list[DraftRow]:
        """The same of this order, in whatever session."""
        ...

    def decide(self, invoice_id: str, state: str, actor: str, now: datetime) -> None: ...


class Documents(Protocol):
    """Files that were made once and are kept: an invoice's PDF."""

    def add(self, subject_id: str, kind: str, content: bytes, now: datetime) -> str:
        """Keep the bytes once; returns their SHA-256."""
        ...

    def content(self, subject_id: str, kind: str) -> bytes | None: ...

    def has(self, subject_id: str, kind: str) -> bool: ...


class PayLinks(Protocol):
    """Pages of the provider's on which an invoice can be paid."""

    def add(self, invoice_id: str, link: PayLink, amount: Money, now: datetime) -> None: ...

    def newest_open(self, invoice_id: str) -> PayLink | None: ...

    def open_of(self, invoice_id: str) -> list[PayLink]: ...  # all that can take money, newest first

    def close(self, link_id: str, now: datetime) -> None: ...


class ReminderPauses(Protocol):
    """Reminders that rest, because a person or the pipeline said so."""

    def pause(self, invoice_id: str, actor: str, reason: str, now: datetime) -> None: ...

    def resume(self, invoice_id: str, now: datetime, placed_by: str | None = None) -> None: ...  # all, or one actor's

    def resumed_at(self, invoice_id: str) -> datetime | None: ...  # when a pause of it was lifted last

    def is_paused(self, invoice_id: str) -> bool: ...
