"""Texts that are shorter with us than in the booking system: shown in short everywhere, and told once."""

from __future__ import annotations

from collections.abc import Sequence

from billing.domain import canonical
from billing.domain.events import PIPELINE, DomainEvent
from billing.ports.ledger import SessionRow, UnitOfWork
from billing.services.context import Context

CUT = "text_cut"
TOLD = 3  # of each session; the rest is counted


def note_cut(ctx: Context, uow: UnitOfWork, session: SessionRow, cut: Sequence[str]) -> None:
    """One item while the session has such texts; who has closed it is not asked about the same ones again."""
    if not cut:
        uow.tasks.resolve(session.session_id, CUT, PIPELINE, ctx.now())
        return
    which = canonical.sha256("\n".join(cut))[:16]
    event_id = f"{CUT}:{session.session_id}:{which}"
    if uow.journal.record_event(DomainEvent(event_id, CUT, session.session_id, ctx.now())):
        more = f" So it is with {len(cut) - TOLD} more." if len(cut) > TOLD else ""
        sentence = f"{' '.join(cut[:TOLD])}{more} Write less there if clients are to read all of it; else close this."
        uow.tasks.resolve(session.session_id, CUT, PIPELINE, ctx.now())
        uow.tasks.raise_task(session.session_id, CUT, sentence, ctx.now())
