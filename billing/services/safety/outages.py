"""An outside system that does not answer, or refuses us: shown to a person, and taken back when it answers again."""

from __future__ import annotations

from billing.domain.errors import BillingError
from billing.domain.events import PIPELINE
from billing.services.context import House


def show_outage(house: House, system: str, error: BillingError) -> None:
    """One open item for each (system, kind of trouble), however often it is met."""
    with house.ledger.write() as books:
        books.desk.raise_attention(system, error.code, error.sentence, house.now())


def end_outage(house: House, system: str) -> int:
    """The system answers: whatever was open about it is closed. Cheap when nothing is."""
    with house.ledger.read() as books:
        is_open = any(item.subject_id == system for item in books.desk.open_items())
    if not is_open:
        return 0
    with house.ledger.write() as books:
        return books.desk.resolve_attention(system, None, PIPELINE, house.now())
