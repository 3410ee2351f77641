"""Giving money back at the provider: looked for before it is asked for, so that it goes back once."""

from __future__ import annotations

from contextlib import suppress

from billing.domain.effects import Effect, EffectState, Outcome
from billing.domain.errors import BillingError, PermanentError
from billing.domain.money import Money
from billing.domain.settlements import NEVER_ARRIVED, PaymentStory, RefundFact
from billing.ports.ledger import UnitOfWork
from billing.services.collections.asking_again import is_disputed
from billing.services.collections.owed import left_of
from billing.services.context import Context
from billing.services.effects.evidence import not_done, turn
from billing.services.settlements.money_back import record_story


class _Refund:
    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        payment = uow.payments.get(effect.text("payment_id"))
        if payment is None:
            return f"payment {effect.text('provider_payment_id')} is not in the ledger"
        if is_disputed(uow, effect.subject_id) and not effect.number("force"):
            return "a dispute is open: the bank may give the money back"
        if effect.number("amount_minor") > left_of(uow, payment, but=effect.key):
            return f"less than that is left of payment {payment.provider_object_id}"
        return None

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        payment_id = effect.text("provider_payment_id")
        known = self._find(ctx, effect)  # the provider forgets keys, never its refunds
        if known is None:
            amount = Money(effect.number("amount_minor"), effect.text("currency"))
            known = ctx.gateway.refund(payment_id, amount, effect.text("reason"), effect.key, turn(effect))
        return self._outcome(ctx, effect, known)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        if isinstance(outcome.result, PaymentStory):
            record_story(ctx, uow, outcome.result)

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        """The provider lists what was refunded. If ours is not among it, it was never made, and may be made now."""
        known = self._find(ctx, effect)
        if known is not None:
            return self._outcome(ctx, effect, known)
        with ctx.ledger.read() as uow:
            reason = self.unwanted(ctx, uow, effect)
        if reason:
            return Outcome(EffectState.CANCELLED, "unwanted", reason)
        return not_done(ctx, effect, "never_made", "no money went back")

    def _find(self, ctx: Context, effect: Effect) -> RefundFact | None:
        payment_id, minor = effect.text("provider_payment_id"), effect.number("amount_minor")
        for refund in ctx.gateway.find_refunds(payment_id, effect.key):
            if refund.amount.minor != minor:
                sentence = f"{refund.refund_id} was made under the same key for {refund.amount}; look at it at Stripe."
                raise PermanentError("refund_of_another_amount", sentence)
            return refund
        return None

    def _outcome(self, ctx: Context, effect: Effect, refund: RefundFact) -> Outcome:
        """The story is read for what follows; if it cannot be read now, the refund's own event tells it."""
        story: PaymentStory | None = None
        with suppress(BillingError):
            story = ctx.gateway.read_story(effect.text("provider_payment_id"))
        state = EffectState.FAILED if refund.status in NEVER_ARRIVED else EffectState.DONE
        return Outcome(state, refund.status.value, str(refund.amount), refund.refund_id, result=story)


REFUND = _Refund()
