"""An outside system that does not answer, or refuses us: shown to a person, and taken back when it answers again."""

from __future__ import annotations

from billing.domain.errors import BillingError
from billing.domain.events import PIPELINE
from billing.services.context import Context


def show_outage(ctx: Context, system: str, error: BillingError) -> None:
    """One open item for each (system, kind of trouble), however often it is met."""
    with ctx.ledger.write() as uow:
        uow.tasks.raise_task(system, error.code, error.sentence, ctx.now())


def end_outage(ctx: Context, system: str) -> int:
    """The system answers: whatever was open about it is closed. Cheap when nothing is."""
    with ctx.ledger.read() as uow:
        is_open = uow.tasks.is_open(system)
    if not is_open:
        return 0
    with ctx.ledger.write() as uow:
        return uow.tasks.resolve(system, None, PIPELINE, ctx.now())
