"""The other half of the payment provider's stand-in: refunds, disputes, payouts, and the balance they move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from billing.domain.errors import PermanentError
from billing.domain.money import Money
from billing.domain.settlements import (
    DisputeFact,
    DisputeStatus,
    Movement,
    MovementKind,
    PaymentStory,
    PayoutFact,
    PayoutStatus,
    RefundFact,
    RefundStatus,
)

if TYPE_CHECKING:
    from fakes import FakeClock, Line

    from billing.domain.payments import PaymentFact, ProviderEvent

_DISPUTE_FEE_MINOR = 1500


class FakeSettlements:
    """Mixed into FakeGateway. A movement's amount is positive into the account."""

    name: str
    line: Line
    _clock: FakeClock

    def start_settlements(self) -> None:
        self.has_forgotten_keys = False
        self.movements: list[Movement] = []
        self.refunds: dict[str, RefundFact] = {}
        self.disputes: dict[str, DisputeFact] = {}
        self.payouts: dict[str, PayoutFact] = {}
        self.payment_movements: dict[str, Movement] = {}

    def read_payment(self, payment_id: str) -> PaymentFact:
        raise NotImplementedError

    def tell(self, kind: str, object_id: str, payment_id: str | None = None) -> ProviderEvent:
        raise NotImplementedError

    def move(self, kind: MovementKind, source_id: str, amount: Money, fee_minor: int = 0) -> Movement:
        """The balance changes."""
        movement_id = f"txn_{len(self.movements) + 1}"
        fee = Money(fee_minor, amount.currency)
        movement = Movement(movement_id, kind, source_id, amount, fee, self._clock.now())
        self.movements.append(movement)
        return movement

    def read_story(self, payment_id: str) -> PaymentStory:
        payment = self.read_payment(payment_id)
        return PaymentStory(
            payment,
            self.payment_movements.get(payment_id),
            tuple(refund for refund in self.refunds.values() if refund.payment_id == payment_id),
            tuple(dispute for dispute in self.disputes.values() if dispute.payment_id == payment_id),
        )

    def refund(self, payment_id: str, amount: Money, reason: str, key: str, turn: int = 1) -> RefundFact:
        self.line.pass_through("refund")
        known = [] if self.has_forgotten_keys else self.find_refunds(payment_id, key, asked=False)
        if known:
            return known[0]
        left = self.read_payment(payment_id).amount - self._refunded(payment_id, amount.currency)
        if any(d.status in (DisputeStatus.OPEN, DisputeStatus.LOST) for d in self.disputes_of(payment_id)):
            raise PermanentError("stripe_refused", "Stripe refused the request: the charge has been charged back.")
        if amount.minor > left.minor:
            raise PermanentError("stripe_refused", f"Stripe refused the parameter amount: only {left} is left.")
        refund = self._add_refund(payment_id, amount, reason, key)
        self.line.pass_through("refund", "after")
        return refund

    def refund_elsewhere(self, payment_id: str, amount: Money) -> ProviderEvent:
        """Somebody refunds in the provider's own dashboard."""
        self._add_refund(payment_id, amount, "requested_by_customer", None)
        return self.tell("charge.refunded", f"ch_{payment_id}", payment_id)

    def fail_refund(self, refund_id: str) -> ProviderEvent:
        """Days later the client's bank does not take it."""
        refund = self.refunds[refund_id]
        back = self.move(MovementKind.REFUND_RETURNED, refund_id, refund.amount)
        self.refunds[refund_id] = replace(refund, status=RefundStatus.FAILED, movements=(*refund.movements, back))
        return self.tell("refund.updated", refund_id, refund.payment_id)

    def find_refunds(self, payment_id: str, key: str, asked: bool = True) -> list[RefundFact]:
        if asked:
            self.line.pass_through("find_refunds")
        return [r for r in self.refunds.values() if r.payment_id == payment_id and r.effect_key == key]

    def dispute(self, payment_id: str, amount: Money | None = None, inquiry: bool = False) -> ProviderEvent:
        """The client's bank takes the money back, or (inquiry) only asks."""
        dispute_id = f"dp_{len(self.disputes) + 1}"
        amount = amount or self.read_payment(payment_id).amount
        status = DisputeStatus.INQUIRY if inquiry else DisputeStatus.OPEN
        now = self._clock.now()
        fact = DisputeFact("stripe", dispute_id, payment_id, amount, status, "fraudulent", now, now + timedelta(days=9))
        self.disputes[dispute_id] = fact
        if not inquiry:
            self._withdraw(dispute_id)
        return self.tell("charge.dispute.created", dispute_id, payment_id)

    def escalate(self, dispute_id: str) -> ProviderEvent:
        self.disputes[dispute_id] = replace(self.disputes[dispute_id], status=DisputeStatus.OPEN)
        self._withdraw(dispute_id)
        return self.tell("charge.dispute.funds_withdrawn", dispute_id, self.disputes[dispute_id].payment_id)

    def end_dispute(self, dispute_id: str, status: DisputeStatus) -> ProviderEvent:
        """WON gives the money back, LOST keeps it, INQUIRY_CLOSED never took it."""
        fact = self.disputes[dispute_id]
        moved = fact.movements
        if status is DisputeStatus.WON:
            moved = (*moved, self.move(MovementKind.DISPUTE_RETURNED, dispute_id, fact.amount))
        self.disputes[dispute_id] = replace(fact, status=status, movements=moved)
        return self.tell("charge.dispute.closed", dispute_id, fact.payment_id)

    def disputes_of(self, payment_id: str) -> list[DisputeFact]:
        return [dispute for dispute in self.disputes.values() if dispute.payment_id == payment_id]

    def pay_out(self, status: PayoutStatus = PayoutStatus.PAID) -> ProviderEvent:
        """All that no payout has taken yet goes to the bank."""
        taken = {movement_id for payout in self.payouts.values() for movement_id in payout.movement_ids}
        waiting = [m for m in self.movements if m.movement_id not in taken and m.kind is not MovementKind.PAYOUT]
        currency = waiting[0].amount.currency
        amount = Money(sum(movement.net.minor for movement in waiting), currency)
        payout_id = f"po_{len(self.payouts) + 1}"
        own = self.move(MovementKind.PAYOUT, payout_id, -amount)
        ids, items = tuple(movement.movement_id for movement in waiting), tuple(waiting)
        now = self._clock.now()
        self.payouts[payout_id] = PayoutFact(
            "stripe",
            payout_id,
            amount,
            status,
            True,
            True,
            now,
            date.fromordinal(now.toordinal() + 2),
            (own,),
            ids,
            items,
        )
        return self.tell("payout.paid", payout_id)

    def fail_payout(self, payout_id: str) -> ProviderEvent:
        payout = self.payouts[payout_id]
        back = self.move(MovementKind.PAYOUT_RETURNED, payout_id, payout.amount)
        self.payouts[payout_id] = replace(payout, status=PayoutStatus.FAILED, own=(*payout.own, back))
        return self.tell("payout.failed", payout_id)

    def read_payout(self, payout_id: str) -> PayoutFact:
        self.line.pass_through("read_payout")
        return self.payouts[payout_id]

    def payouts_since(self, since: datetime) -> Iterator[PayoutFact]:
        self.line.pass_through("payouts_since")
        return iter([p for p in reversed(self.payouts.values()) if p.created_at >= since])

    def movements_since(self, since: datetime) -> Iterator[Movement]:
        self.line.pass_through("movements_since")
        found = [movement for movement in reversed(self.movements) if movement.occurred_at >= since]
        return iter([replace(movement, payment_id=self._payment_of(movement.source_id)) for movement in found])

    def _payment_of(self, source_id: str) -> str | None:
        if source_id in self.refunds:
            return self.refunds[source_id].payment_id
        if source_id in self.disputes:
            return self.disputes[source_id].payment_id
        return source_id.removeprefix("ch_") if source_id.startswith("ch_") else None

    def balance(self) -> list[Money]:
        self.line.pass_through("balance")
        sums: dict[str, int] = {}
        for movement in self.movements:
            sums[movement.net.currency] = sums.get(movement.net.currency, 0) + movement.net.minor
        return [Money(minor, currency) for currency, minor in sorted(sums.items())]

    def _add_refund(self, payment_id: str, amount: Money, reason: str, key: str | None) -> RefundFact:
        refund_id = f"re_{len(self.refunds) + 1}"
        moved = self.move(MovementKind.REFUND, refund_id, -amount)
        refund = RefundFact(
            "stripe", refund_id, payment_id, amount, RefundStatus.SUCCEEDED, reason, self._clock.now(), (moved,), key
        )
        self.refunds[refund_id] = refund
        return refund

    def _withdraw(self, dispute_id: str) -> None:
        fact = self.disputes[dispute_id]
        taken = self.move(MovementKind.DISPUTE, dispute_id, -fact.amount, _DISPUTE_FEE_MINOR)
        self.disputes[dispute_id] = replace(fact, movements=(*fact.movements, taken))

    def _refunded(self, payment_id: str, currency: str) -> Money:
        failed = (RefundStatus.FAILED, RefundStatus.CANCELED)
        refunds = [r for r in self.refunds.values() if r.payment_id == payment_id and r.status not in failed]
        return Money(sum(refund.amount.minor for refund in refunds), currency)
