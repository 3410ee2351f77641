"""Writing a payment back to the booking system once: look up, write, apply."""

from __future__ import annotations

from datetime import date

from billing.domain.effects import Effect, EffectState, Outcome
from billing.domain.events import DomainEvent
from billing.domain.money import Money
from billing.ports.ledger import Books
from billing.services.context import House
from billing.services.effects.evidence import STILL_UNDER_WAY, not_done


class _WriteBack:
    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        return None

    def act(self, house: House, effect: Effect) -> Outcome:
        payment_id = self._find(house, effect) or self._write(house, effect)
        if payment_id != effect.provider_reference:
            with house.ledger.write() as books:
                books.effects.note_reference(effect, payment_id)
        if self._is_to_apply(house, effect, payment_id):
            applied = Money(effect.number("applied_minor"), effect.text("currency"))
            house.source.apply_payment(payment_id, effect.text("order_id"), applied)
        return self._done(effect, payment_id)

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is EffectState.DONE:
            event_id = f"written_back:{effect.subject_id}"
            books.journal.tell(DomainEvent(event_id, "payment_written_back", effect.subject_id, house.now()))

    def ask(self, house: House, effect: Effect) -> Outcome:
        """The booking system knows no keys: what is not there yet is written when no request can be under way."""
        payment_id = self._find(house, effect)
        if payment_id is None:
            return not_done(house, effect, "not_written", "not written yet", after=STILL_UNDER_WAY)
        if self._is_to_apply(house, effect, payment_id):
            return not_done(house, effect, "not_applied", "not applied yet", payment_id, after=STILL_UNDER_WAY)
        return self._done(effect, payment_id)

    def _find(self, house: House, effect: Effect) -> str | None:
        known = effect.provider_reference
        return known or house.source.find_payment(effect.text("job_id"), effect.text("transaction_id"))

    def _write(self, house: House, effect: Effect) -> str:
        received_on = date.fromisoformat(effect.text("received_on"))
        return house.source.record_payment(
            effect.text("job_id"), effect.text("transaction_id"), _amount(effect), received_on, effect.text("memo")
        )

    def _is_to_apply(self, house: House, effect: Effect, payment_id: str) -> bool:
        if effect.number("applied_minor") == 0:
            return False
        return not house.source.payment_is_applied(payment_id, effect.text("order_id"))

    def _done(self, effect: Effect, payment_id: str) -> Outcome:
        return Outcome(EffectState.DONE, "written_back", str(_amount(effect)), reference=payment_id)


def _amount(effect: Effect) -> Money:
    return Money(effect.number("amount_minor"), effect.text("currency"))


WRITE_BACK = _WriteBack()
