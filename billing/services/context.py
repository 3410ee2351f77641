"""What every use case is handed: the ledger, the outside by role, the clock and the studio's policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.policy import StudioPolicy
from billing.ports.ledger import Ledger
from billing.ports.outside import (
    Clock,
    DocumentRenderer,
    GalleryHosts,
    Mailer,
    MailWriter,
    PaymentGateway,
    SessionSource,
)


@dataclass(frozen=True)
class Context:
    """The composition that bootstrap makes. Fields are ports; nothing here is a concrete adapter."""

    ledger: Ledger
    source: SessionSource
    gateway: PaymentGateway
    galleries: GalleryHosts
    mailer: Mailer
    writer: MailWriter
    renderer: DocumentRenderer
    clock: Clock
    policy: StudioPolicy
    concurrency: int = 8  # calls outside at the same time

    def now(self) -> datetime:
        return self.clock.now()

    def today(self) -> date:
        return self.policy.day_of(self.now())
