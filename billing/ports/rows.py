"""The ledger's rows, as services see them: read-only, in the words of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.ports.outside import GalleryAccess


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A completed session. `state`: expected | due | billed | attention | history | excluded."""

    session_id: str
    source: str
    job_id: str
    name: str
    state: str
    completed_on: date | None
    first_observed_at: datetime
    records_fetched_at: datetime | None
    unanswered_since: datetime | None = None  # since when reading it has brought no answer
    tried_at: datetime | None = None  # when it was asked for last, in vain


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """A finalized invoice with what changes around it. `balance_minor` comes from the journal."""

    invoice: Invoice
    finalized_at: datetime
    balance_minor: int
    is_void: bool

    @property
    def balance(self) -> Money:
        return Money(self.balance_minor, self.invoice.currency)


@dataclass(frozen=True, slots=True)
class DraftRow:
    """An invoice without a number that waits, or was approved, discarded or finalized, and by whom."""

    invoice: Invoice
    state: str
    created_at: datetime
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Money that was received. Amounts in minor units of `currency`."""

    payment_id: str
    provider: str
    provider_object_id: str
    invoice_id: str | None
    amount: Money
    fee: Money
    method_label: str
    method_kind: str  # autopay | link | elsewhere
    captured_at: datetime
    received_on: date


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A gallery that is open for a client."""

    grant_id: str
    invoice_id: str
    host: str
    gallery_id: str
    gallery_name: str
    access: GalleryAccess
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class FinalizationFacts:
    """What the ledger notes about the moment of finalizing."""

    series: str
    sequence: int
    revision: int
    trigger_observed_at: datetime
    priced_at: datetime
    finalized_at: datetime
    record_horizon: int
