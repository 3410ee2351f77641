"""The effects protocol: lease, re-check, act, record.

No kind of effect knows of leases or threads, and the executor knows nothing of any kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime, timedelta

from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import LEASE, RESTORED, Effect, EffectKind, EffectState, Outcome, retry_delay_seconds
from billing.domain.errors import BillingError, TemporaryError, UnknownOutcomeError
from billing.domain.events import PIPELINE
from billing.domain.mail import TO_THE_OWNER, goes_by_the_day
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context
from billing.services.effects.doubt import perhaps_done_before_restore
from billing.services.effects.handler import Handler
from billing.services.effects.janitor import settle_unknown, worker
from billing.services.effects.recording import named, record
from billing.services.safety.clock_set_back import is_behind
from billing.services.safety.holds import goes_out_under_hold, is_held
from billing.services.safety.limits import room_in

__all__ = ["LEASE", "Handler", "run_effects", "settle_unknown"]

LOOK_AGAIN_AFTER = timedelta(minutes=1)  # what was taken up just before a hold was placed


def run_effects(
    ctx: Context,
    handler: Handler,
    kind: EffectKind,
    progress: Callable[[int], None] | None = None,
    purposes: Sequence[str] | None = None,
) -> Counter[str]:
    """Do every due effect of one kind, or only those of these purposes; counts by the state they ended in.

    No more are claimed than are begun at once: a crash leaves only those unknown that were really under way.
    """
    ended: Counter[str] = Counter()
    settle_unknown(ctx, handler, kind, ended)
    at_once = min(ctx.concurrency, EFFECT_SPECS[kind].at_once or ctx.concurrency)
    with ThreadPoolExecutor(at_once) as pool:
        under_way: dict[Future[Outcome], Effect] = {}
        try:
            while True:
                free = at_once - len(under_way)
                # Several at a time: each taking of effects is a commit, and a commit waits for the disk.
                for effect in _claim(ctx, kind, purposes, free if 2 * free >= at_once else 0):
                    under_way[pool.submit(_attempt, ctx, handler, effect)] = effect
                if not under_way:
                    return ended
                for finished in wait(under_way, return_when=FIRST_COMPLETED).done:
                    effect = under_way.pop(finished)
                    ended[record(ctx, handler, effect, finished.result()).value] += 1
                if progress:
                    progress(sum(ended.values()))
        except BaseException:
            _record_the_rest(ctx, handler, under_way)
            raise


def _record_the_rest(ctx: Context, handler: Handler, under_way: dict[Future[Outcome], Effect]) -> None:
    """We stop in the middle: what was begun ends outside all the same, and is recorded as far as the ledger can."""
    for finished, effect in under_way.items():
        with suppress(Exception):
            record(ctx, handler, effect, finished.result())


def _claim(ctx: Context, kind: EffectKind, purposes: Sequence[str] | None, free: int) -> list[Effect]:
    if free <= 0:
        return []
    now = ctx.now()
    with ctx.ledger.write() as uow:
        if is_held(uow):
            purposes = [one for one in purposes or TO_THE_OWNER if goes_out_under_hold(kind, one)]
            if not purposes:
                return []
        room = _room(ctx, uow, kind, free)
        return uow.effects.claim([kind], worker(), now, now + LEASE, room, purposes) if room > 0 else []


def _room(ctx: Context, uow: UnitOfWork, kind: EffectKind, free: int) -> int:
    """How many may be begun: counted in the transaction that claims them, so that two workers share one limit."""
    name = EFFECT_SPECS[kind].limit
    if name is None:
        return free
    since = ctx.policy.day_starts_at(ctx.now())
    room = room_in(ctx, uow, name, uow.effects.intended_since(kind, since))
    waiting = 0 if room > 0 else _stand_ready(uow, kind, ctx.now())
    if not waiting:
        uow.tasks.resolve("limits", f"limit_{name}", PIPELINE, ctx.now())
        return min(free, room)
    sentence = (
        f"The daily limit of {name} is reached and {waiting} wait; see whether that is right, then"
        f" `billing approve --over-limit {name}`. Otherwise they go on tomorrow."
    )
    uow.tasks.raise_task("limits", f"limit_{name}", sentence, ctx.now())
    return 0


def _stand_ready(uow: UnitOfWork, kind: EffectKind, now: datetime) -> int:
    """How many could be begun now; what waits for its day counts on that day."""
    ready = uow.effects.in_state(EffectState.READY, kind)
    return sum(effect.not_before is None or effect.not_before <= now for effect in ready)


def _attempt(ctx: Context, handler: Handler, effect: Effect) -> Outcome:
    """Never raises: whatever happens is an outcome."""
    try:
        with ctx.ledger.read() as uow:
            early = _why_not_now(ctx, uow, handler, effect)
        return early or handler.act(ctx, effect)
    except TemporaryError as error:
        delay = retry_delay_seconds(effect.attempts, error.retry_after_seconds)
        return Outcome(EffectState.READY, error.code, error.sentence, retry_at=ctx.now() + timedelta(seconds=delay))
    except UnknownOutcomeError as error:
        return Outcome(EffectState.UNKNOWN, error.code, error.sentence)
    except BillingError as error:
        return Outcome(EffectState.FAILED, error.code, error.sentence)
    except Exception as error:  # what we cannot name is unknown, never failed
        return Outcome(EffectState.UNKNOWN, "unexpected", named(error))


def _why_not_now(ctx: Context, uow: UnitOfWork, handler: Handler, effect: Effect) -> Outcome | None:
    """The last look before acting: held since it was taken up, of another day, not wanted any more, or perhaps done."""
    if is_held(uow) and not goes_out_under_hold(effect.kind, effect.purpose):
        return Outcome(EffectState.READY, "held", "a hold was placed", retry_at=ctx.now() + LOOK_AGAIN_AFTER)
    latest_at = is_behind(uow, ctx.now())
    if latest_at and effect.kind is EffectKind.MAIL and goes_by_the_day(effect.purpose):
        return Outcome(EffectState.READY, "clock_behind", "the machine's clock went back", retry_at=latest_at)
    reason = handler.unwanted(ctx, uow, effect)
    if reason is not None:
        return Outcome(EffectState.CANCELLED, "unwanted", reason)
    if perhaps_done_before_restore(uow, effect):
        detail = "a backup was restored, and it may have been done after the backup was made"
        return Outcome(EffectState.UNKNOWN, RESTORED, detail)
    return None
