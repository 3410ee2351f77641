"""Texts that are shorter with us than in the booking system: shown in short everywhere, and told once."""

from __future__ import annotations

from collections.abc import Sequence

from billing.domain.events import PIPELINE
from billing.ports.ledger import SessionRow, UnitOfWork
from billing.services.context import Context
from billing.services.safety.told_once import tell_once

CUT = "text_cut"
TOLD = 3  # of each session; the rest is counted


def note_cut(ctx: Context, uow: UnitOfWork, session: SessionRow, cut: Sequence[str]) -> None:
    """One item while the session has such texts; who has closed it is not asked about the same ones again."""
    if not cut:
        uow.tasks.resolve(session.session_id, CUT, PIPELINE, ctx.now())
        return
    more = f" So it is with {len(cut) - TOLD} more." if len(cut) > TOLD else ""
    sentence = f"{' '.join(cut[:TOLD])}{more} Write less there if clients are to read all of it; else close this."
    tell_once(uow, session.session_id, CUT, cut, sentence, ctx.now())
