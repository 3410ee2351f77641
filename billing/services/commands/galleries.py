"""What people did by hand at a gallery host."""

from __future__ import annotations

from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import PermanentError
from billing.domain.events import Command
from billing.domain.typed import check_expires_on
from billing.ports.ledger import UnitOfWork
from billing.ports.outside import GalleryAccess
from billing.services.commands.arguments import day_of, optional, text
from billing.services.context import Context
from billing.services.effects.grant import record_grant
from billing.services.effects.revoke import record_revocation


def gallery_opened(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """A person has opened a gallery by hand; the client is told now."""
    effect = uow.effects.get(text(command, "effect_id"))
    if effect is None or effect.kind is not EffectKind.GRANT or effect.state is not EffectState.FAILED:
        raise PermanentError("no_such_task", f"{text(command, 'effect_id')} is no gallery that waits for a person.")
    expires_on = day_of(command, "expires_on") if optional(command, "expires_on") else None
    access = GalleryAccess(
        url=text(command, "url"),
        password=optional(command, "password"),
        pin=optional(command, "pin"),
        expires_on=check_expires_on(expires_on, ctx.today()) if expires_on else None,
    )
    record_grant(ctx, uow, effect, access, command.actor)
    uow.effects.reopen(effect.effect_id, EffectState.DONE, ctx.now())
    uow.tasks.resolve(effect.key, None, command.actor, ctx.now())
    return f"The client is told of {access.url}."


def gallery_closed(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """A person has closed a gallery by hand."""
    effect = uow.effects.get(text(command, "effect_id"))
    if effect is None or effect.kind is not EffectKind.REVOKE or effect.state is not EffectState.FAILED:
        raise PermanentError("no_such_task", f"{text(command, 'effect_id')} is no gallery to be closed by hand.")
    record_revocation(ctx, uow, effect, command.actor)
    uow.effects.reopen(effect.effect_id, EffectState.DONE, ctx.now())
    uow.tasks.resolve(effect.key, None, command.actor, ctx.now())
    return f"The gallery {effect.text('gallery_name')} is closed."
