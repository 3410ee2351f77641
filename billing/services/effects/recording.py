"""Recording how an attempt ended, with what follows from it and what a person must be told, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from billing.domain.effects import (
    PROCESSING,
    RESTORED,
    Effect,
    EffectKind,
    EffectState,
    Outcome,
    ask_again_at,
)
from billing.domain.errors import TemporaryError
from billing.domain.events import PIPELINE
from billing.domain.money import Money
from billing.domain.settlements import NEVER_ARRIVED
from billing.ports.ledger import UnitOfWork
from billing.services.collections.autopay import WAITS_FOR
from billing.services.context import Context
from billing.services.effects.handler import Handler
from billing.services.effects.in_words import capital, how_to_settle, in_words, of_what_failed
from billing.services.safety.holds import MAILS_IN_DOUBT
from billing.services.settlements.money_back_follows import RETURNED, of_returned

GALLERY_BY_HAND = "gallery_by_hand"  # the host's answer where only a person can
SHOW_AFTER_ATTEMPTS = 5  # about a quarter of an hour of trying


def record(ctx: Context, handler: Handler, effect: Effect, outcome: Outcome) -> EffectState:
    """Record it with what follows from it. If that is not possible, nobody knows what to make of it: unknown."""
    outcome = _asked_later(ctx, effect, outcome)
    try:
        _settle(ctx, handler, effect, outcome)
    except TemporaryError:
        raise  # the ledger itself: recorded by nobody, asked about when the lease has run out
    except Exception as error:
        detail = f"{outcome.state.value}, but it could not be recorded: {named(error)}"
        unclear = Outcome(EffectState.UNKNOWN, "not_recorded", detail, outcome.reference)
        outcome = _asked_later(ctx, effect, unclear)
        with ctx.ledger.write() as uow:
            if uow.effects.settle(effect, outcome, ctx.now()):
                show(uow, effect, outcome, ctx.now())
    return outcome.state


def _asked_later(ctx: Context, effect: Effect, outcome: Outcome) -> Outcome:
    if outcome.state is not EffectState.UNKNOWN:
        return outcome
    return replace(outcome, retry_at=ask_again_at(ctx.now(), effect.asked, outcome.retry_at))


def _settle(ctx: Context, handler: Handler, effect: Effect, outcome: Outcome) -> None:
    now = ctx.now()
    with ctx.ledger.write() as uow:
        if not uow.effects.settle(effect, outcome, now):
            return  # a newer lease holds it; its worker records
        show(uow, effect, outcome, now)
        handler.follow(ctx, uow, effect, outcome)


def show(uow: UnitOfWork, effect: Effect, outcome: Outcome, now: datetime) -> None:
    """Nothing stays failed, unknown or delayed without a person being told what to do; what is over is closed."""
    item = _question(uow, effect, outcome)
    still = [item[0]] if item else []
    if outcome.state is EffectState.READY:
        still.append("effect_delayed")
    uow.tasks.resolve(effect.key, None, PIPELINE, now, but=still)
    if outcome.state is EffectState.UNKNOWN and _is_mail_in_doubt(effect, outcome):
        show_mails_in_doubt(uow, now)
    elif item:
        uow.tasks.raise_task(effect.key, item[0], item[1], now)


def show_mails_in_doubt(uow: UnitOfWork, now: datetime) -> bool:
    """One item for all of them: nobody reads a hundred."""
    sentence = (
        "A backup was restored, and a mail server cannot be asked what it took after the backup was made. Look into its"
        " sent folder; settle single ones, then all that are left by `--mails done` (they went out) or `--mails"
        " not-done` (they go out now). To see which: `billing settle --mails show`."
    )
    return uow.tasks.raise_task(*MAILS_IN_DOUBT, sentence, now)


def is_in_doubt(mail: Effect) -> bool:
    """Whether this unknown mail is one of those that a restore left."""
    return mail.outcome_code == RESTORED


def _is_mail_in_doubt(effect: Effect, outcome: Outcome) -> bool:
    return effect.kind is EffectKind.MAIL and outcome.code == RESTORED


def _question(uow: UnitOfWork, effect: Effect, outcome: Outcome) -> tuple[str, str] | None:
    if outcome.state is EffectState.UNKNOWN and outcome.code == PROCESSING:
        sentence = (
            f"The bank has not answered yet: {in_words(uow, effect)} is under way. A direct debit takes some days;"
            " it is asked about by itself, and nothing is to be done."
        )
        return "charge_processing", sentence
    if outcome.state is EffectState.UNKNOWN:
        sentence = (
            f"Nobody knows how {in_words(uow, effect)} has ended ({outcome.detail}); look outside. When"
            f" you know: {how_to_settle(effect)}."
        )
        return "effect_unknown", sentence
    if effect.kind is EffectKind.REFUND and outcome.state is EffectState.CANCELLED:
        not_done = f"{capital(in_words(uow, effect))} was not done: {outcome.detail}."
        return "refund_not_made", f"{not_done} If it is still wanted, ask for it again with `billing refund`."
    if effect.kind is EffectKind.REFUND and outcome.state is EffectState.FAILED and outcome.code in NEVER_ARRIVED:
        amount = Money(effect.number("amount_minor"), effect.text("currency"))
        return RETURNED, of_returned(uow.invoices.require(effect.subject_id), amount, effect)
    if outcome.state is EffectState.FAILED and outcome.code == GALLERY_BY_HAND:
        return _by_hand(uow, effect, outcome)
    if outcome.state is EffectState.FAILED and effect.kind is not EffectKind.CHARGE:  # a charge asks the client
        sentence = f"{capital(of_what_failed(uow, effect))}: {outcome.detail}"
        if outcome.code == "invalid_email":  # it stands so on what was sent before, and stays so
            again = f"To send it to another address: `billing retry {effect.effect_id} --to ADDRESS`."
            return "effect_failed", f"{sentence} {again}"
        elsewhere = ", or with `--to ADDRESS`" if effect.kind is EffectKind.MAIL else ""
        return "effect_failed", f"{sentence} When it is mended: `billing retry {effect.effect_id}`{elsewhere}."
    is_delayed = outcome.state is EffectState.READY and outcome.code not in WAITS_FOR
    if is_delayed and effect.attempts >= SHOW_AFTER_ATTEMPTS:
        tried = f"{capital(in_words(uow, effect))} was tried {effect.attempts} times and goes on: {outcome.detail}"
        return "effect_delayed", tried
    return None


def _by_hand(uow: UnitOfWork, effect: Effect, outcome: Outcome) -> tuple[str, str]:
    task = f"{capital(in_words(uow, effect))}: {outcome.detail}"
    if effect.kind is EffectKind.REVOKE:
        return "close_by_hand", f"{task} When it is closed: `billing gallery closed {effect.effect_id}`."
    opened = f"`billing gallery opened {effect.effect_id} --url …`"
    return "open_by_hand", f"{task} When it is open, say so, and the client is mailed its address: {opened}."


def named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
