"""The effects protocol: lease, re-check, act, record (house.md, Effects).

No kind of effect knows of leases or threads, and the executor knows nothing of any kind.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from billing.domain.effects import Effect, EffectKind, EffectState, Outcome, retry_delay_seconds
from billing.domain.errors import BillingError, TemporaryError, UnknownOutcomeError
from billing.domain.events import PIPELINE
from billing.ports.ledger import Books
from billing.services.house import House
from billing.services.limits import room_in

# Longer than any one call outside takes with its time-outs; what is claimed is begun at once.
LEASE = timedelta(minutes=5)
SHOW_AFTER_ATTEMPTS = 5  # about a quarter of an hour of trying
ASK_AGAIN_AFTER = timedelta(hours=1)  # where nobody can say yet: a bank debit takes days


class Handler(Protocol):
    """How one kind of effect is done."""

    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        """The reason for which it must not be done any more, checked at the moment of acting; else None."""
        ...

    def act(self, house: House, effect: Effect) -> Outcome:
        """Do it, outside of any transaction. May raise the three errors of ports.outside."""
        ...

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        """What follows from the outcome, in the transaction that records it."""
        ...

    def ask(self, house: House, effect: Effect) -> Outcome:
        """Find out by evidence how an unknown attempt ended; `unknown` again if there is no evidence."""
        ...


def run_effects(
    house: House,
    handler: Handler,
    kind: EffectKind,
    progress: Callable[[int], None] | None = None,
    purpose: str | None = None,
) -> Counter[str]:
    """Do every due effect of one kind, or only those of one purpose; counts by the state they ended in.

    No more are claimed than are begun at once: a crash leaves only those unknown that were really under way.
    """
    ended: Counter[str] = Counter()
    settle_unknown(house, handler, kind, ended)
    with ThreadPoolExecutor(house.concurrency) as pool:
        under_way: dict[Future[Outcome], Effect] = {}
        try:
            while True:
                free = house.concurrency - len(under_way)
                # Several at a time: each taking of effects is a commit, and a commit waits for the disk.
                for effect in _claim(house, kind, purpose, free if 2 * free >= house.concurrency else 0):
                    under_way[pool.submit(_attempt, house, handler, effect)] = effect
                if not under_way:
                    return ended
                for finished in wait(under_way, return_when=FIRST_COMPLETED).done:
                    effect = under_way.pop(finished)
                    ended[_record(house, handler, effect, finished.result()).value] += 1
                if progress:
                    progress(sum(ended.values()))
        except BaseException:
            _record_the_rest(house, handler, under_way)
            raise


def _record_the_rest(house: House, handler: Handler, under_way: dict[Future[Outcome], Effect]) -> None:
    """We stop in the middle: what was begun ends outside all the same, and is recorded as far as the ledger can."""
    for finished, effect in under_way.items():
        with suppress(Exception):
            _record(house, handler, effect, finished.result())


def settle_unknown(house: House, handler: Handler, kind: EffectKind, ended: Counter[str]) -> None:
    """A worker that died leaves an unknown outcome. Ask outside; what has no evidence waits for a person."""
    now = house.now()
    with house.ledger.write() as books:
        for effect in books.effects.lapsed(now):
            if effect.kind is kind:
                lost = Outcome(EffectState.UNKNOWN, "worker_lost", "its worker died or was stopped")
                books.effects.settle(effect, lost, now)
                _show(books, effect, lost, now)
        unknown = books.effects.claim_unknown(kind, _worker(), now, now + LEASE)
    for effect in unknown:
        outcome = _evidence(house, handler, effect)
        state = _record(house, handler, effect, outcome)
        if state is not EffectState.UNKNOWN:
            ended[state.value] += 1


def _evidence(house: House, handler: Handler, effect: Effect) -> Outcome:
    """What is known outside. That we could not ask, or were refused, says nothing about the attempt itself."""
    now = house.now()
    try:
        outcome = handler.ask(house, effect)
    except BillingError as error:
        wait_seconds = retry_delay_seconds(effect.attempts, getattr(error, "retry_after_seconds", None))
        again = now + timedelta(seconds=wait_seconds)
        return Outcome(EffectState.UNKNOWN, error.code, error.sentence, retry_at=again)
    except Exception as error:
        return Outcome(EffectState.UNKNOWN, "unexpected", _named(error), retry_at=now + ASK_AGAIN_AFTER)
    if outcome.state is EffectState.UNKNOWN and outcome.retry_at is None:
        return replace(outcome, retry_at=now + ASK_AGAIN_AFTER)
    return outcome


def _claim(house: House, kind: EffectKind, purpose: str | None, free: int) -> list[Effect]:
    if free <= 0:
        return []
    now = house.now()
    with house.ledger.write() as books:
        room = _room(house, books, kind, free)
        return books.effects.claim([kind], _worker(), now, now + LEASE, room, purpose) if room > 0 else []


def _worker() -> str:
    return f"pid {os.getpid()}"


def _room(house: House, books: Books, kind: EffectKind, free: int) -> int:
    """How many may be begun: counted in the transaction that claims them, so that two workers share one limit."""
    limits = house.policy.limits
    limit = {EffectKind.MAIL: ("mails", limits.mails), EffectKind.CHARGE: ("charges", limits.charges)}.get(kind)
    if limit is None:
        return free
    name, per_day = limit
    since = house.policy.day_starts_at(house.now())
    room = room_in(house, books, name, per_day, books.effects.intended_since(kind, since))
    waiting = 0 if room > 0 else len(books.effects.in_state(EffectState.READY, kind))
    if not waiting:
        books.desk.resolve_attention("limits", f"limit_{name}", PIPELINE, house.now())
        return min(free, room)
    sentence = (
        f"The daily limit of {name} is reached and {waiting} wait; see whether that is right, then"
        f" `billing approve --over-limit {name}`. Otherwise they go on tomorrow."
    )
    books.desk.raise_attention("limits", f"limit_{name}", sentence, house.now())
    return 0


def _attempt(house: House, handler: Handler, effect: Effect) -> Outcome:
    """Never raises: whatever happens is an outcome."""
    try:
        with house.ledger.read() as books:
            reason = handler.unwanted(house, books, effect)
        if reason is not None:
            return Outcome(EffectState.CANCELLED, "unwanted", reason)
        return handler.act(house, effect)
    except TemporaryError as error:
        delay = retry_delay_seconds(effect.attempts, error.retry_after_seconds)
        return Outcome(EffectState.READY, error.code, error.sentence, retry_at=house.now() + timedelta(seconds=delay))
    except UnknownOutcomeError as error:
        return Outcome(EffectState.UNKNOWN, error.code, error.sentence)
    except BillingError as error:
        return Outcome(EffectState.FAILED, error.code, error.sentence)
    except Exception as error:  # what we cannot name is unknown, never failed
        return Outcome(EffectState.UNKNOWN, "unexpected", _named(error))


def _record(house: House, handler: Handler, effect: Effect, outcome: Outcome) -> EffectState:
    """Record it with what follows from it. If that is not possible, nobody knows what to make of it: unknown."""
    try:
        _settle(house, handler, effect, outcome)
    except TemporaryError:
        raise  # the ledger itself: recorded by nobody, asked about when the lease has run out
    except Exception as error:
        again = house.now() + ASK_AGAIN_AFTER
        detail = f"{outcome.state.value}, but it could not be recorded: {_named(error)}"
        outcome = Outcome(EffectState.UNKNOWN, "not_recorded", detail, outcome.reference, again)
        with house.ledger.write() as books:
            if books.effects.settle(effect, outcome, house.now()):
                _show(books, effect, outcome, house.now())
    return outcome.state


def _settle(house: House, handler: Handler, effect: Effect, outcome: Outcome) -> None:
    now = house.now()
    with house.ledger.write() as books:
        if not books.effects.settle(effect, outcome, now):
            return  # a newer lease holds it; its worker records
        _show(books, effect, outcome, now)
        handler.follow(house, books, effect, outcome)


def _show(books: Books, effect: Effect, outcome: Outcome, now: datetime) -> None:
    """Nothing stays failed, unknown or delayed without a person being told what to do; what is over is closed."""
    item = _question(effect, outcome)
    still = [item[0]] if item else []
    if outcome.state is EffectState.READY:
        still.append("effect_delayed")
    books.desk.resolve_attention(effect.key, None, PIPELINE, now, but=still)
    if item:
        books.desk.raise_attention(effect.key, item[0], item[1], now)


def _question(effect: Effect, outcome: Outcome) -> tuple[str, str] | None:
    if outcome.state is EffectState.UNKNOWN:
        sentence = (
            f"It is not known whether {effect.key} was done ({outcome.detail}). Look outside, then"
            f" `billing settle {effect.effect_id} --done` or `--not-done`."
        )
        return "effect_unknown", sentence
    if outcome.state is EffectState.FAILED and effect.kind is not EffectKind.CHARGE:  # a charge asks the client
        elsewhere = ", or with `--to` and another address" if effect.kind is EffectKind.MAIL else ""
        return "effect_failed", f"{outcome.detail} When it is mended: `billing retry {effect.effect_id}`{elsewhere}."
    if outcome.state is EffectState.READY and effect.attempts >= SHOW_AFTER_ATTEMPTS:
        sentence = f"{effect.key} was tried {effect.attempts} times and goes on: {outcome.detail}"
        return "effect_delayed", sentence
    return None


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
