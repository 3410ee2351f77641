"""Charging the card on file: created unconfirmed, its id committed, confirmed off-session, outcome recorded."""

from __future__ import annotations

from billing.domain.effects import PROCESSING, Effect, EffectState, Outcome
from billing.domain.errors import PermanentError
from billing.domain.money import Money
from billing.domain.payments import PaymentFact, PaymentStatus, Refusal, SavedMethod, next_step
from billing.ports.ledger import UnitOfWork
from billing.services.collections.asking_again import end_processing
from billing.services.collections.autopay import why_it_waits
from billing.services.collections.consents import ask_by_link
from billing.services.collections.record_payments import record_captured
from billing.services.context import Context
from billing.services.effects.evidence import may_be_there, not_done, turn
from billing.services.effects.pay_link import why_not_payable
from billing.services.invoicing.issue_invoices import pay_link_intent

# Of several payments under one key: money that has moved, then a refusal, then what could still be confirmed.
_FURTHEST_FIRST = [
    PaymentStatus.SUCCEEDED,
    PaymentStatus.PROCESSING,
    PaymentStatus.REQUIRES_CLIENT,
    PaymentStatus.UNCONFIRMED,
    PaymentStatus.CANCELED,
]


class _Charge:
    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        if effect.provider_reference is not None:
            return None  # the provider has a payment that somebody could still confirm: `act` ends it there first
        return self._why_not(uow, effect)

    def _why_not(self, uow: UnitOfWork, effect: Effect) -> str | None:
        row = uow.invoices.get(effect.subject_id)
        reason = why_not_payable(row)
        if reason or row is None:
            return reason
        if row.balance_minor != effect.number("amount_minor"):
            return f"invoice {row.invoice.number} is not open for the amount that was agreed on any more"
        consent = uow.payments.consent(effect.text("client_id"))
        if consent is None or consent.payment_method_id != effect.text("payment_method_id"):
            return "the client's consent to this card is not there any more"
        return None

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        with ctx.ledger.read() as uow:
            early = why_it_waits(ctx, uow, effect)
        if early:
            return early
        payment_id = effect.provider_reference or self._prepare(ctx, effect)
        with ctx.ledger.read() as uow:  # once more: time has passed, and others were at work
            reason, early = self._why_not(uow, effect), why_it_waits(ctx, uow, effect)
        if reason:
            return self._ended(ctx, payment_id, reason)
        return early or self._confirmed(ctx, effect, payment_id)

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        """A success is recorded as a payment at once; a refusal becomes a pay link that is sent to the client."""
        payment_id = outcome.reference or effect.provider_reference
        if payment_id and outcome.state in (EffectState.DONE, EffectState.FAILED, EffectState.CANCELLED):
            end_processing(uow, effect.subject_id, payment_id, ctx.now())
        if isinstance(outcome.result, PaymentFact):
            record_captured(uow, outcome.result, "autopay", ctx.policy, ctx.now())
        elif outcome.state in (EffectState.FAILED, EffectState.CANCELLED):
            self._ask_client(ctx, uow, effect, outcome)

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        """The object's own state answers; without its id, the customer's list of payments does."""
        payment_id = effect.provider_reference or self._find(ctx, effect)
        if payment_id is None:
            return not_done(ctx, effect, "never_created", "no money has moved")
        fact = ctx.gateway.read_payment(payment_id)
        if fact.status is PaymentStatus.UNCONFIRMED:
            return not_done(ctx, effect, "never_confirmed", "no money has moved", payment_id)
        return self._outcome(fact)

    def _prepare(self, ctx: Context, effect: Effect) -> str:
        with ctx.ledger.read() as uow:
            row = uow.invoices.require(effect.subject_id)
            consent = uow.payments.consent(effect.text("client_id"))
            look = may_be_there(uow, effect)
        if consent is None:
            raise PermanentError("consent_missing", f"The client of invoice {row.invoice.number} gave no consent.")
        amount = Money(effect.number("amount_minor"), effect.text("currency"))
        method = SavedMethod(
            consent.client_id, effect.text("customer_id"), effect.text("payment_method_id"),
            consent.label, consent.text_version, consent.consented_at,
        )  # fmt: skip
        known = self._find(ctx, effect) if look else None
        payment_id = known or ctx.gateway.prepare_charge(row.invoice, amount, method, effect.key, turn(effect))
        with ctx.ledger.write() as uow:
            uow.effects.note_reference(effect, payment_id)
        return payment_id

    def _confirmed(self, ctx: Context, effect: Effect, payment_id: str) -> Outcome:
        if effect.attempts > 1:  # what is read as unconfirmed, and only that, is confirmed under another key
            fact = ctx.gateway.read_payment(payment_id)
            if fact.status is not PaymentStatus.UNCONFIRMED:
                return self._outcome(fact)
        return self._outcome(ctx.gateway.confirm_charge(payment_id, effect.key, turn(effect)))

    def _ended(self, ctx: Context, payment_id: str, reason: str) -> Outcome:
        """Not wanted any more: cancelled at the provider, unless the money has moved already."""
        fact = ctx.gateway.cancel_charge(payment_id)
        if fact.status in (PaymentStatus.SUCCEEDED, PaymentStatus.PROCESSING):
            return self._outcome(fact)
        return Outcome(EffectState.CANCELLED, "unwanted", reason, payment_id)

    def _find(self, ctx: Context, effect: Effect) -> str | None:
        """Should the provider have forgotten the key there may be several: the one that has come furthest counts.

        The others are never confirmed: only a payment whose id is committed to the effect is, and it has but one.
        """
        found = ctx.gateway.find_charges(effect.text("customer_id"), effect.key)
        found.reverse()  # oldest first: it stays the same one should another appear
        best = min(found, key=lambda fact: _FURTHEST_FIRST.index(fact.status), default=None)
        return best.payment_id if best else None

    def _outcome(self, fact: PaymentFact) -> Outcome:
        if fact.status is PaymentStatus.SUCCEEDED:
            return Outcome(EffectState.DONE, "succeeded", str(fact.amount), fact.payment_id, result=fact)
        if fact.status is PaymentStatus.PROCESSING:
            return Outcome(EffectState.UNKNOWN, PROCESSING, "the bank has not answered yet", fact.payment_id)
        if fact.status is PaymentStatus.CANCELED:  # by us, and a crash kept us from recording it; or by a person there
            return Outcome(EffectState.CANCELLED, "unwanted", "it was canceled at the provider", fact.payment_id)
        refusal = fact.refused or Refusal(fact.status.value)
        return Outcome(EffectState.FAILED, next_step(refusal).value, refusal.code, reference=fact.payment_id)

    def _ask_client(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        row = uow.invoices.get(effect.subject_id)
        if why_not_payable(row) is not None or row is None:
            return
        if outcome.state is EffectState.CANCELLED:
            ask_by_link(ctx, uow, row)  # it was never tried, and must not be told of as if it had been
        else:
            link = pay_link_intent(row.invoice, row.balance_minor, f"after_charge:{outcome.code}")
            uow.effects.intend(link, ctx.now())


CHARGE = _Charge()
