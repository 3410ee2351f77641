"""The ledger's part for letters: how clients are reached, and what they were told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing.domain.addresses import Addresses, Origin
from billing.domain.mail import MailKind


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that a mail server took.

    `balance_minor` is what it said is owed, None where it said nothing of it; `pay_url` the page to pay on it led to.
    """

    effect_id: str
    kind: MailKind
    invoice_id: str | None
    sent_to: str
    balance_minor: int | None
    sent_at: datetime
    pay_url: str | None = None


class Correspondence(Protocol):
    """Addresses are as they were last said; a mail that was sent never changes."""

    def addresses(self, source: str, client_id: str, origin: Origin) -> Addresses | None: ...

    def keep_addresses(
        self, source: str, client_id: str, origin: Origin, emails: Sequence[str], said_by: str, said_at: datetime
    ) -> None:
        """In the place of those that this origin said before."""
        ...

    def add_sent(self, mail: SentMail) -> bool:
        """False if it is there already."""
        ...

    def told(self, invoice_id: str) -> list[SentMail]:
        """All that went out about the invoice, oldest first."""
        ...

    def sent_between(self, since: datetime, until: datetime) -> list[SentMail]:
        """From the first instant on, up to and without the second; oldest first."""
        ...
