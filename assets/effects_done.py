"""Doing the due effects of some kinds and noting how each ended, so that an asset can say what it did."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.domain.effects import Effect, EffectKind, EffectState, Outcome
from billing.domain.money import Money
from billing.ports.ledger import Books
from billing.services.effects import HANDLERS
from billing.services.effects.executor import Handler, run_effects
from billing.services.house import House
from pipelines.resources import HouseResource


@dataclass(frozen=True, slots=True)
class Ended:
    """How one effect ended in this run. Nobody's name or address: what Dagster keeps is not erased with a client."""

    kind: EffectKind
    purpose: str
    subject_id: str
    state: EffectState
    code: str
    amount: Money | None

    @property
    def is_done(self) -> bool:
        return self.state is EffectState.DONE


@dataclass
class Done:
    """All that ended in one asset, and what was left because Stripe cannot be reached."""

    ended: list[Ended] = field(default_factory=list)
    left: list[EffectKind] = field(default_factory=list)

    def of(self, kind: EffectKind) -> list[Ended]:
        return [effect for effect in self.ended if effect.kind is kind]


class _Noting:
    """A handler that notes what its inner one follows up; retries are not noted."""

    def __init__(self, inner: Handler, ended: list[Ended]) -> None:
        self._inner, self._ended = inner, ended

    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        return self._inner.unwanted(house, books, effect)

    def act(self, house: House, effect: Effect) -> Outcome:
        return self._inner.act(house, effect)

    def ask(self, house: House, effect: Effect) -> Outcome:
        return self._inner.ask(house, effect)

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        self._inner.follow(house, books, effect, outcome)
        if outcome.state is not EffectState.READY:
            self._ended.append(_ended(effect, outcome))


def do_effects(resource: HouseResource, house: House, *kinds: EffectKind) -> Done:
    """Do everything of these kinds that is due, one kind after another. Doing it again does nothing."""
    done = Done()
    for kind in kinds:
        if resource.may_do(kind):
            run_effects(house, _Noting(HANDLERS[kind], done.ended), kind)
        else:
            done.left.append(kind)
    return done


def _ended(effect: Effect, outcome: Outcome) -> Ended:
    minor, currency = effect.parameters.get("amount_minor"), effect.parameters.get("currency")
    amount = Money(minor, currency) if isinstance(minor, int) and isinstance(currency, str) else None
    return Ended(effect.kind, effect.purpose, effect.subject_id, outcome.state, outcome.code, amount)
