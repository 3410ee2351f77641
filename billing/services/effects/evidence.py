"""What an effect may do anew once the provider was asked: under which key, whether to look first, and when."""

from __future__ import annotations

from datetime import timedelta

from billing.domain.effects import Effect, EffectState, Outcome, retry_delay_seconds
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import CAUSE_RESTORED
from billing.services.context import Context

# Longer than a request that was cut off can still be under way at the provider.
STILL_UNDER_WAY = timedelta(minutes=2)


def turn(effect: Effect) -> int:
    """Which of the keys that are derived from the effect's own goes out; it follows from how often it was begun.

    The second try still has the first's: should that one be under way yet, the provider holds the two apart. Later ones
    have one each, because a key to which the provider has answered with a failure of its own gives nothing else for a
    day. Who calls with a later one has looked before and found nothing.
    """
    return max(1, effect.attempts - 1)


def may_be_there(uow: UnitOfWork, effect: Effect) -> bool:
    """Whether an earlier try may have done it. A ledger that was restored may have forgotten the tries themselves."""
    return effect.attempts > 1 or uow.operations.last_hold(CAUSE_RESTORED) is not None


def not_done(
    ctx: Context, effect: Effect, code: str, detail: str, reference: str | None = None, after: timedelta = timedelta()
) -> Outcome:
    """By evidence it was not done. It is tried again `after` that, and later still the more often it was tried."""
    slower = timedelta(seconds=0 if effect.attempts <= 1 else retry_delay_seconds(effect.attempts))
    return Outcome(EffectState.READY, code, detail, reference, ctx.now() + max(after, slower))
