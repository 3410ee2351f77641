"""Whom it concerns when the machinery stops: the sessions and invoices for which something is due just now."""

from __future__ import annotations

from billing.domain.mail import TO_THE_OWNER
from billing.ports.ledger import UnitOfWork
from billing.services.automations.whom import whom_of_effect
from billing.services.context import Context
from billing.services.effects.in_words import in_words

_NAMED = 5  # a mail is no list
_LOOKED_AT = 100


def who_waits(ctx: Context, uow: UnitOfWork) -> str:
    """One sentence for the owner, of the moment in which it is asked for; mails to the owner do not count."""
    sessions = [f"billing {row.name}" for row in uow.sessions.in_state("due")]
    due = [uow.effects.get(effect_id) for effect_id, _ in uow.effects.due(ctx.now())[:_LOOKED_AT]]
    others: list[str] = []
    for effect in due:
        whom = whom_of_effect(uow, effect) if effect and effect.purpose not in TO_THE_OWNER else None
        if effect and whom:
            others.append(f"{in_words(uow, effect)}, {whom.client}")
    waiting = [*sessions, *others]
    if not waiting:
        return "No client is waiting for anything just now."
    more = len(waiting) - _NAMED
    return f"Waiting just now: {'; '.join(waiting[:_NAMED])}{f'; and {more} more' if more > 0 else ''}."
