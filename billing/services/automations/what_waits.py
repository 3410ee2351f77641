"""What waits for people, as one question of the ledger: `billing status` and the morning mail ask it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from billing.domain.events import Task
from billing.domain.money import Money
from billing.ports.ledger import DraftRow, InvoiceRow, UnitOfWork


@dataclass(frozen=True, slots=True)
class Waiting:
    """Drafts to approve, what is open, what of it is past due, and what needs attention; oldest first."""

    drafts: list[DraftRow]
    unpaid: list[InvoiceRow]
    overdue: list[InvoiceRow]
    tasks: list[Task]


def what_waits(uow: UnitOfWork, today: date) -> Waiting:
    """As of the studio's day. An invoice is overdue from the day after it was due."""
    unpaid = uow.invoices.unpaid()
    overdue = [row for row in unpaid if row.invoice.due_on < today]
    return Waiting(uow.drafts.in_state("waiting"), unpaid, overdue, uow.tasks.open_tasks())


def by_currency(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One sum for each currency, in the order of their codes."""
    sums: Counter[str] = Counter()
    for amount in amounts:
        sums[amount.currency] += amount.minor
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))
