"""Writing a payment back to the booking system once: look up, write, apply."""

from __future__ import annotations

from datetime import date

from billing.domain.effects import Effect, EffectState, Outcome
from billing.domain.events import DomainEvent
from billing.domain.money import Money
from billing.ports.ledger import Books
from billing.services.house import House


class _WriteBack:
    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        return None

    def act(self, house: House, effect: Effect) -> Outcome:
        source, amount = house.source, Money(effect.number("amount_minor"), effect.text("currency"))
        job_id, transaction_id = effect.text("job_id"), effect.text("transaction_id")
        payment_id = effect.provider_reference or source.find_payment(job_id, transaction_id)
        if payment_id is None:
            received_on = date.fromisoformat(effect.text("received_on"))
            payment_id = source.record_payment(job_id, transaction_id, amount, received_on, effect.text("memo"))
        if payment_id != effect.provider_reference:
            with house.ledger.write() as books:
                books.effects.note_reference(effect, payment_id)
        applied = Money(effect.number("applied_minor"), amount.currency)
        if applied and not source.payment_is_applied(payment_id, effect.text("order_id")):
            source.apply_payment(payment_id, effect.text("order_id"), applied)
        return Outcome(EffectState.DONE, "written_back", str(amount), reference=payment_id)

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        if outcome.state is EffectState.DONE:
            event_id = f"written_back:{effect.subject_id}"
            books.journal.tell(DomainEvent(event_id, "payment_written_back", effect.subject_id, house.now()))

    def ask(self, house: House, effect: Effect) -> Outcome:
        # Both steps look before they write, so doing it again is asking first.
        return self.act(house, effect)


WRITE_BACK = _WriteBack()
