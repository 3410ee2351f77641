"""Writing a payment back to the booking system once: look up, write, apply."""

from __future__ import annotations

from datetime import date

from billing.domain.effects import Effect, EffectState, Outcome
from billing.domain.events import DomainEvent
from billing.domain.money import Money
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context
from billing.services.effects.evidence import STILL_UNDER_WAY, not_done


class _WriteBack:
    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        return None

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        payment_id = self._find(ctx, effect) or self._write(ctx, effect)
        if payment_id != effect.provider_reference:
            with ctx.ledger.write() as uow:
                uow.effects.note_reference(effect, payment_id)
        if self._is_to_apply(ctx, effect, payment_id):
            applied = Money(effect.number("applied_minor"), effect.text("currency"))
            ctx.source.apply_payment(payment_id, effect.text("order_id"), applied)
        return self._done(effect, payment_id)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is EffectState.DONE:
            event_id = f"written_back:{effect.subject_id}"
            uow.journal.record_event(DomainEvent(event_id, "payment_written_back", effect.subject_id, ctx.now()))

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        """The booking system knows no keys: what is not there yet is written when no request can be under way."""
        payment_id = self._find(ctx, effect)
        if payment_id is None:
            return not_done(ctx, effect, "not_written", "not written yet", after=STILL_UNDER_WAY)
        if self._is_to_apply(ctx, effect, payment_id):
            return not_done(ctx, effect, "not_applied", "not applied yet", payment_id, after=STILL_UNDER_WAY)
        return self._done(effect, payment_id)

    def _find(self, ctx: Context, effect: Effect) -> str | None:
        known = effect.provider_reference
        return known or ctx.source.find_payment(effect.text("job_id"), effect.text("transaction_id"))

    def _write(self, ctx: Context, effect: Effect) -> str:
        received_on = date.fromisoformat(effect.text("received_on"))
        return ctx.source.record_payment(
            effect.text("job_id"), effect.text("transaction_id"), _amount(effect), received_on, effect.text("memo")
        )

    def _is_to_apply(self, ctx: Context, effect: Effect, payment_id: str) -> bool:
        if effect.number("applied_minor") == 0:
            return False
        return not ctx.source.payment_is_applied(payment_id, effect.text("order_id"))

    def _done(self, effect: Effect, payment_id: str) -> Outcome:
        return Outcome(EffectState.DONE, "written_back", str(_amount(effect)), reference=payment_id)


def _amount(effect: Effect) -> Money:
    return Money(effect.number("amount_minor"), effect.text("currency"))


WRITE_BACK = _WriteBack()
