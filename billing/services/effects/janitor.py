"""The janitor: what has an unknown outcome is asked about, ever more slowly; what stays open is shown to a person."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, timedelta

from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import (
    LEASE,
    OPEN_STATES,
    RESTORED,
    Effect,
    EffectKind,
    EffectState,
    Outcome,
)
from billing.domain.errors import BillingError
from billing.domain.events import PIPELINE
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context
from billing.services.effects.handler import Handler
from billing.services.effects.in_words import capital, how_to_settle, in_words
from billing.services.effects.recording import named, record, show
from billing.services.safety.holds import MAILS_IN_DOUBT, is_held

OPEN_AT_MOST = timedelta(days=1)  # then it is under "needs attention", whatever the reason
_SHOWN = 200  # a person sees from the first of them what is wrong
_STUCK = "effect_stuck"


def settle_unknown(ctx: Context, handler: Handler, kind: EffectKind, ended: Counter[str]) -> None:
    """A worker that died leaves an unknown outcome. Ask outside; what has no evidence waits for a person.

    While a hold is open nobody is asked: asking may do what it finds undone.
    """
    now = ctx.now()
    with ctx.ledger.write() as uow:
        for effect in uow.effects.lapsed(now):
            if effect.kind is kind:
                lost = Outcome(EffectState.UNKNOWN, "worker_lost", "its worker died or was stopped")
                uow.effects.settle(effect, lost, now)
                show(uow, effect, lost, now)
        may_ask = EFFECT_SPECS[kind].can_be_asked and not is_held(uow)
        unknown = uow.effects.claim_unknown(kind, worker(), now, now + LEASE) if may_ask else []
    for effect in unknown:
        state = record(ctx, handler, effect, _evidence(ctx, handler, effect))
        if state is not EffectState.UNKNOWN:
            ended[state.value] += 1


def worker() -> str:
    return f"pid {os.getpid()}"


def _evidence(ctx: Context, handler: Handler, effect: Effect) -> Outcome:
    """What is known outside. That we could not ask, or were refused, says nothing about the attempt itself."""
    try:
        return handler.ask(ctx, effect)
    except BillingError as error:
        asked_for = getattr(error, "retry_after_seconds", None)
        again = ctx.now() + timedelta(seconds=asked_for) if asked_for else None
        return Outcome(EffectState.UNKNOWN, error.code, error.sentence, retry_at=again)
    except Exception as error:
        return Outcome(EffectState.UNKNOWN, "unexpected", named(error))


def show_stuck(ctx: Context) -> int:
    """Show what is open for a day and that nobody was told of; returns how many items are new. Cheap when nothing is.

    What waits behind a hold, a daily limit or broken books is told of there, once for all.
    """
    now = ctx.now()
    with ctx.ledger.read() as uow:
        stuck = uow.effects.overdue(now - OPEN_AT_MOST)
        told = {item.subject_id for item in uow.tasks.open_tasks()}
        in_doubt = _mails_in_doubt(uow)
    untold = [effect for effect in stuck if not {effect.key, effect.effect_id, effect.subject_id} & told]
    untold = [effect for effect in untold if not _is_told_elsewhere(effect, told)][:_SHOWN]
    mended = MAILS_IN_DOUBT[0] in told and not in_doubt
    if not untold and not mended:
        return 0
    with ctx.ledger.write() as uow:
        if mended:
            uow.tasks.resolve(*MAILS_IN_DOUBT, PIPELINE, now)
        return sum(
            uow.tasks.raise_task(effect.key, _STUCK, _sentence(uow, effect, now), now)
            for effect in untold
            if (seen := uow.effects.get(effect.effect_id)) and seen.state in OPEN_STATES
        )


def _mails_in_doubt(uow: UnitOfWork) -> bool:
    mails = uow.effects.in_state(EffectState.UNKNOWN, EffectKind.MAIL)
    return any(mail.outcome_code == RESTORED for mail in mails)


def _is_told_elsewhere(effect: Effect, told: set[str]) -> bool:
    if effect.state is EffectState.READY:
        return bool({"hold", "limits", "books"} & told)
    return effect.outcome_code == RESTORED and bool({"hold", MAILS_IN_DOUBT[0]} & told)


def _sentence(uow: UnitOfWork, effect: Effect, now: datetime) -> str:
    hours = int((now - effect.created_at).total_seconds() // 3600)
    state = effect.state.value.replace("_", " ")
    then = "It goes on by itself when it does."
    if effect.state is EffectState.UNKNOWN:
        then = f"When you know how it ended: {how_to_settle(effect)}."
    return (
        f"{capital(in_words(uow, effect))} was decided {hours} hours ago and is still {state}; see in `billing"
        f" status` and `billing doctor` whether the pipeline runs. {then}"
    )
