"""What people decide about effects: try again, or say how one ended."""

from __future__ import annotations

from billing.domain.effects import EffectKind, EffectState, Outcome
from billing.domain.errors import PermanentError
from billing.domain.events import Command
from billing.ports.ledger import UnitOfWork
from billing.services.collections.mail_again import is_sent_again, send_again
from billing.services.commands.arguments import addresses_of, text
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.by_a_person import effect_to_retry, effect_to_settle
from billing.services.effects.in_words import capital, in_words


def retry(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    effect_id, to = text(command, "effect_id"), addresses_of(command, "to")
    known = uow.effects.get(effect_id)
    if not to and known is not None and is_sent_again(known):
        return f"{capital(in_words(uow, known))} is tried again, as the booking system says."
    effect = effect_to_retry(uow, effect_id, bool(to))
    if effect.kind is EffectKind.MAIL:
        return send_again(ctx, uow, effect, to, command.actor)
    uow.tasks.resolve(effect.key, None, command.actor, ctx.now())
    uow.effects.reopen(effect_id, EffectState.READY, ctx.now())
    return f"{capital(in_words(uow, effect))} is tried again."


def settle(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """A named person says how an unknown effect ended; they have looked outside."""
    effect_id, happened = text(command, "effect_id"), text(command, "happened")
    if happened not in ("yes", "no"):
        raise PermanentError("yes_or_no", f"Say whether it happened by yes or no, not {happened}.")
    effect = effect_to_settle(uow, effect_id, happened == "yes")
    state = EffectState.DONE if happened == "yes" else EffectState.FAILED
    outcome = Outcome(state, "settled_by_person", f"{command.actor}: {command.reason}")
    uow.effects.settle(effect, outcome, ctx.now())
    uow.tasks.resolve(effect.key, None, command.actor, ctx.now())
    HANDLERS[effect.kind].follow(ctx, uow, effect, outcome)
    is_again = state is EffectState.FAILED and effect.kind is not EffectKind.CHARGE  # the client gets a page to pay on
    again = f" To do it after all: `billing retry {effect_id}`." if is_again else ""
    return f"{capital(in_words(uow, effect))} is settled as {state.value}.{again}"
