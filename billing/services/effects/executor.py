"""The effects protocol: lease, re-check, act, record (house.md, Effects).

No kind of effect knows of leases or threads, and the executor knows nothing of any kind.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from billing.domain.effects import Effect, EffectKind, EffectState, Outcome, retry_delay_seconds
from billing.domain.errors import BillingError, TemporaryError, UnknownOutcomeError
from billing.domain.events import PIPELINE
from billing.ports.ledger import Books
from billing.services.house import House
from billing.services.limits import room_today

LEASE = timedelta(minutes=5)
BATCH = 64
SHOW_AFTER_ATTEMPTS = 5  # about a quarter of an hour of trying


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


@dataclass(frozen=True, slots=True)
class Limit:
    """A daily limit on a kind of effect: its name in the settings and how much a day."""

    name: str
    per_day: int


def run_effects(
    house: House, handler: Handler, kind: EffectKind, progress: Callable[[int], None] | None = None
) -> Counter[str]:
    """Do every due effect of one kind; counts by the state they ended in."""
    ended: Counter[str] = Counter()
    settle_unknown(house, handler, kind, ended)
    with ThreadPoolExecutor(house.concurrency) as pool:
        while batch := _claim(house, kind):
            for effect, outcome in zip(
                batch, pool.map(lambda effect: _attempt(house, handler, effect), batch), strict=True
            ):
                _record(house, handler, effect, outcome)
                ended[outcome.state.value] += 1
            if progress:
                progress(sum(ended.values()))
    return ended


def settle_unknown(house: House, handler: Handler, kind: EffectKind, ended: Counter[str]) -> None:
    """A worker that died leaves an unknown outcome. Ask outside; what has no evidence waits for a person."""
    with house.ledger.write() as books:
        for effect in books.effects.lapsed(house.now()):
            if effect.kind is kind:
                books.effects.settle(effect, Outcome(EffectState.UNKNOWN, "worker_lost"), house.now())
    with house.ledger.read() as books:
        unknown = books.effects.in_state(EffectState.UNKNOWN, kind)
    for effect in unknown:
        outcome = _guarded(lambda effect=effect: handler.ask(house, effect), effect, house.now())  # type: ignore[misc]
        if outcome.state is not EffectState.UNKNOWN:
            _record(house, handler, effect, outcome)
            ended[outcome.state.value] += 1


def _claim(house: House, kind: EffectKind) -> list[Effect]:
    room = _room(house, kind)
    now = house.now()
    if room <= 0:
        return []
    with house.ledger.write() as books:
        worker = f"pid {os.getpid()}"
        return books.effects.claim([kind], worker, now, now + LEASE, min(BATCH, room))


def _room(house: House, kind: EffectKind) -> int:
    limit = _limits(house).get(kind)
    if limit is None:
        return BATCH
    room = room_today(house, limit.name, limit.per_day, lambda books, since: books.effects.intended_since(kind, since))
    if room <= 0:
        _ask_for_more(house, kind, limit)
    return room


def _limits(house: House) -> dict[EffectKind, Limit]:
    limits = house.policy.limits
    return {EffectKind.MAIL: Limit("mails", limits.mails), EffectKind.CHARGE: Limit("charges", limits.charges)}


def _ask_for_more(house: House, kind: EffectKind, limit: Limit) -> None:
    with house.ledger.write() as books:
        waiting = sum(effect.kind is kind for effect in books.effects.in_state(EffectState.READY, kind))
        if waiting:
            sentence = (
                f"The daily limit of {limit.name} is reached and {waiting} wait; see whether that is right, then"
                f" `billing approve --over-limit {limit.name}`. Otherwise they go on tomorrow."
            )
            books.desk.raise_attention("limits", f"limit_{limit.name}", sentence, house.now())


def _attempt(house: House, handler: Handler, effect: Effect) -> Outcome:
    with house.ledger.read() as books:
        reason = handler.unwanted(house, books, effect)
    if reason is not None:
        return Outcome(EffectState.CANCELLED, "unwanted", reason)
    return _guarded(lambda: handler.act(house, effect), effect, house.now())


def _guarded(call: Callable[[], Outcome], effect: Effect, now: datetime) -> Outcome:
    """The three ways a call outside may end, as outcomes. What we cannot name is unknown, never failed."""
    try:
        return call()
    except TemporaryError as error:
        delay = retry_delay_seconds(effect.attempts, error.retry_after_seconds)
        return Outcome(EffectState.READY, error.code, error.sentence, retry_at=now + timedelta(seconds=delay))
    except UnknownOutcomeError as error:
        return Outcome(EffectState.UNKNOWN, error.code, error.sentence)
    except BillingError as error:
        return Outcome(EffectState.FAILED, error.code, error.sentence)
    except Exception as error:
        return Outcome(EffectState.UNKNOWN, "unexpected", f"{type(error).__name__}: {error}")


def _record(house: House, handler: Handler, effect: Effect, outcome: Outcome) -> None:
    now = house.now()
    with house.ledger.write() as books:
        if not books.effects.settle(effect, outcome, now):
            return  # a newer lease holds it; its worker records
        if outcome.state in (EffectState.DONE, EffectState.CANCELLED):
            for code in ("effect_delayed", "effect_failed", "effect_unknown"):
                books.desk.resolve_attention(effect.key, code, PIPELINE, now)
        _show(books, effect, outcome, now)
        handler.follow(house, books, effect, outcome)


def _show(books: Books, effect: Effect, outcome: Outcome, now: datetime) -> None:
    """Nothing stays failed, unknown or delayed without a person being told what to do."""
    if outcome.state is EffectState.UNKNOWN:
        sentence = (
            f"It is not known whether {effect.key} was done ({outcome.detail}). Look outside, then"
            f" `billing settle {effect.effect_id} --done` or `--not-done`."
        )
        books.desk.raise_attention(effect.key, "effect_unknown", sentence, now)
    elif outcome.state is EffectState.FAILED and effect.kind is not EffectKind.CHARGE:
        sentence = f"{outcome.detail} When it is mended: `billing retry {effect.effect_id}`."
        books.desk.raise_attention(effect.key, "effect_failed", sentence, now)
    elif outcome.state is EffectState.READY and effect.attempts == SHOW_AFTER_ATTEMPTS:
        sentence = f"{effect.key} was tried {effect.attempts} times and goes on: {outcome.detail}"
        books.desk.raise_attention(effect.key, "effect_delayed", sentence, now)


def due_kinds(house: House) -> Sequence[str]:
    """Kinds with something due now; what the `due_work` sensor looks at."""
    with house.ledger.read() as books:
        return books.effects.due_kinds(house.now())
