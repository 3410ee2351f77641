"""Holds: while one is open nothing goes out, except that the owner is told. A person places and lifts them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billing.domain.effects import EffectKind
from billing.domain.errors import PermanentError
from billing.domain.events import Command, DomainEvent
from billing.domain.mail import TO_THE_OWNER
from billing.ports.ledger import Ledger, UnitOfWork
from billing.ports.operations import CAUSE_ASKED_FOR, CAUSE_RESTORED, Hold
from billing.services.context import Context

HOLD = "hold"  # the subject of the items under "needs attention"
MAILS_IN_DOUBT = ("restored", "mails_in_doubt")  # one item for all mails that a restore has left in doubt
_LIFTED_BY = {
    CAUSE_ASKED_FOR: 'To let it go on: `billing release --reason "…"`',
    CAUSE_RESTORED: "To compare the books with the outside, which lifts it: `billing reconcile`",
}


def is_held(uow: UnitOfWork) -> bool:
    return bool(uow.operations.holds())


def goes_out_under_hold(kind: EffectKind, purpose: str | None) -> bool:
    """The owner hears of trouble, and of what waits, whatever is held; all other mail, and all money, waits."""
    return kind is EffectKind.MAIL and (purpose is None or purpose in TO_THE_OWNER)


def why_held(ctx: Context) -> str | None:
    """One sentence for each open hold, with how to lift it; None when nothing is held."""
    with ctx.ledger.read() as uow:
        return sentence_of(uow.operations.holds())


def held_in_short(ctx: Context) -> str | None:
    """The same without people's own words, which may name a client: for what is not reached by an erasure."""
    with ctx.ledger.read() as uow:
        return short_sentence_of(uow.operations.holds())


def short_sentence_of(holds: Sequence[Hold]) -> str | None:
    said = [f"Nothing goes out since {hold.placed_at:%Y-%m-%d %H:%M} UTC. {_LIFTED_BY[hold.cause]}." for hold in holds]
    return " ".join(said) or None


def sentence_of(holds: Sequence[Hold]) -> str | None:
    return " ".join(_sentence(hold) for hold in holds) or None


def place_hold(uow: UnitOfWork, cause: str, reason: str, actor: str, now: datetime) -> bool:
    """Nothing is begun from now on; what is under way ends. False if one of this cause is open already."""
    if not uow.operations.place_hold(cause, reason, actor, now):
        return False
    uow.tasks.raise_task(HOLD, f"hold_{cause}", _sentence(Hold(cause, reason, actor, now)), now)
    body: dict[str, str | int | None] = {"reason": reason}
    uow.journal.record_event(DomainEvent(f"held:{cause}:{now.isoformat()}", "hold_placed", cause, now, actor, body))
    return True


def lift_hold(uow: UnitOfWork, cause: str, actor: str, reason: str, now: datetime) -> bool:
    """False if none of this cause was open."""
    if not uow.operations.lift_hold(cause, actor, now):
        return False
    uow.tasks.resolve(HOLD, f"hold_{cause}", actor, now)
    body: dict[str, str | int | None] = {"reason": reason}
    uow.journal.record_event(DomainEvent(f"lifted:{cause}:{now.isoformat()}", "hold_lifted", cause, now, actor, body))
    return True


def hold_at_once(ledger: Ledger, reason: str, actor: str, now: datetime) -> str:
    """A person says stop: asked and carried out in one transaction; a pipeline that is at work must not delay it."""
    if not actor.strip() or not reason.strip():
        raise PermanentError("no_reason", "A hold needs to know who asks for it, and why.")
    with ledger.write() as uow:
        command_id = uow.commands.submit("hold", {}, actor, reason, now)
        [command] = [one for one in uow.commands.waiting() if one.command_id == command_id]
        outcome = _hold(uow, command, now)
        uow.commands.settle(command_id, "done", outcome, now)
        return outcome


def hold(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """The command `hold`."""
    return _hold(uow, command, ctx.now())


def _hold(uow: UnitOfWork, command: Command, now: datetime) -> str:
    if not place_hold(uow, CAUSE_ASKED_FOR, command.reason, command.actor, now):
        return "Nothing goes out already; the hold that is open stays."
    return "Nothing goes out from now on; what was under way ends. `billing release` lets it go on."


def release(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """The command `release`. A restored ledger is released by its reconciliation, never by a word."""
    lifted = lift_hold(uow, CAUSE_ASKED_FOR, command.actor, command.reason, ctx.now())
    left = sentence_of(uow.operations.holds())
    if not lifted:
        raise PermanentError("not_held", left or "Nothing is held.")
    return f"Lifted. {left}" if left else "Everything goes on."


def _sentence(hold: Hold) -> str:
    since = f"{hold.placed_at:%Y-%m-%d %H:%M} UTC"
    return (
        f"Nothing goes out since {since} ({hold.actor}: {hold.reason}). {_LIFTED_BY.get(hold.cause, 'see its cause')}."
    )
