"""A task about something that may be as it should: whoever has closed it is not asked about the same again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billing.domain import canonical
from billing.domain.events import PIPELINE, DomainEvent
from billing.ports.ledger import UnitOfWork


def tell_once(uow: UnitOfWork, subject_id: str, code: str, about: Sequence[str], sentence: str, now: datetime) -> None:
    """Open the task unless exactly this (`about`) was told before; one about something else is replaced."""
    which = canonical.sha256("\n".join(about))[:16]
    if uow.journal.record_event(DomainEvent(f"{code}:{subject_id}:{which}", code, subject_id, now)):
        uow.tasks.resolve(subject_id, code, PIPELINE, now)
        uow.tasks.raise_task(subject_id, code, sentence, now)
