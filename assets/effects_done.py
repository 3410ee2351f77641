"""Doing the due effects of some kinds and noting how each ended, so that an asset can say what it did."""

from __future__ import annotations

from dataclasses import dataclass, field

from assets.money_checks import MONEY_CHECKS
from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import Effect, EffectKind, EffectState, Outcome
from billing.domain.errors import PermanentError
from billing.domain.events import PIPELINE
from billing.domain.mail import TO_THE_OWNER
from billing.domain.money import Money
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.executor import Handler, run_effects
from pipelines.resources import BillingResource


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

    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        return self._inner.unwanted(ctx, uow, effect)

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        return self._inner.act(ctx, effect)

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        return self._inner.ask(ctx, effect)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        self._inner.follow(ctx, uow, effect, outcome)
        if outcome.state is not EffectState.READY:
            self._ended.append(_ended(effect, outcome))


def do_effects(resource: BillingResource, ctx: Context, *kinds: EffectKind) -> Done:
    """Do everything of these kinds that is due, one kind after another. Doing it again does nothing.

    Money moves and mails go out only from books that are sound, whatever other assets this run is made of: else
    PermanentError `books_broken`, and nobody but the owner is written to.
    """
    done = Done()
    for kind in kinds:
        if not resource.may_do(kind):
            done.left.append(kind)
            continue
        broken = _broken_promises(resource, ctx) if EFFECT_SPECS[kind].needs_sound_books else []
        owners_only = TO_THE_OWNER if broken else None
        if not broken or kind is EffectKind.MAIL:
            run_effects(ctx, _Noting(HANDLERS[kind], done.ended), kind, purposes=owners_only)
        if broken:
            raise PermanentError(_BROKEN, " ".join(broken))
    return done


_BOOKS, _BROKEN = "books", "books_broken"


def _broken_promises(resource: BillingResource, ctx: Context) -> list[str]:
    """What is not true of the books and must be before anything is done outside; shown to a person while it lasts."""
    broken = [result for result in resource.check_books(MONEY_CHECKS) if not result.holds]
    sentences = [f"Not true: {result.sentence}" for result in broken]
    with ctx.ledger.read() as uow:
        is_shown = uow.tasks.is_open(_BOOKS, _BROKEN)
    if broken and not is_shown:
        names = ", ".join(result.name for result in broken)
        sentence = (
            f"The books do not add up ({names}), so nothing is charged, mailed or opened. See the rows that"
            " break it in Dagster under the asset checks, or by `billing doctor`; it goes on by itself when they hold."
        )
        with ctx.ledger.write() as uow:
            uow.tasks.raise_task(_BOOKS, _BROKEN, sentence, ctx.now())
    elif is_shown and not broken:
        with ctx.ledger.write() as uow:
            uow.tasks.resolve(_BOOKS, _BROKEN, PIPELINE, ctx.now())
    return sentences


def _ended(effect: Effect, outcome: Outcome) -> Ended:
    minor, currency = effect.parameters.get("amount_minor"), effect.parameters.get("currency")
    amount = Money(minor, currency) if isinstance(minor, int) and isinstance(currency, str) else None
    return Ended(effect.kind, effect.purpose, effect.subject_id, outcome.state, outcome.code, amount)
