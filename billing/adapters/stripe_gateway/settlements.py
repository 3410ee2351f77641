"""The half of the gateway that reads what became of money: refunds, disputes, payouts and the balance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from billing.adapters.stripe_gateway.amounts import from_wire, to_wire
from billing.adapters.stripe_gateway.failures import acting, asking
from billing.adapters.stripe_gateway.fields import Fields
from billing.adapters.stripe_gateway.payment_facts import EXPAND, payment_fact
from billing.adapters.stripe_gateway.settlement_facts import (
    dispute_fact,
    is_itemized,
    movement,
    payout_fact,
    refund_fact,
)
from billing.adapters.stripe_gateway.wire import PAGE, StripeLine, dicts, nth_key, plain
from billing.domain.money import Money
from billing.domain.settlements import DisputeFact, Movement, PaymentStory, PayoutFact, RefundFact

_MOVED = ["balance_transaction", "failure_balance_transaction"]
_MOVED_IN_LIST = [f"data.{path}" for path in _MOVED]


class StripeSettlements(StripeLine):
    """Reads all but `refund`, which gives money back."""

    def read_story(self, payment_id: str) -> PaymentStory:
        with asking():
            intent = plain(self._v1.payment_intents.retrieve(payment_id, {"expand": EXPAND}))
            booked = Fields(intent).part("latest_charge").raw("balance_transaction")
            return PaymentStory(
                payment=payment_fact(intent),
                movement=movement(booked) if isinstance(booked, dict) else None,
                refunds=tuple(self._refunds(payment_id)),
                disputes=tuple(self._disputes(payment_id)),
            )

    def refund(self, payment_id: str, amount: Money, reason: str, key: str, turn: int = 1) -> RefundFact:
        """Looks first: Stripe forgets a key after a day, and would give the same money back once more."""
        known = self.find_refunds(payment_id, key)
        if known:
            return known[0]
        with acting():
            refund = self._v1.refunds.create(
                {
                    "payment_intent": payment_id,
                    "amount": to_wire(amount),
                    "metadata": {"effect_key": key, "reason": reason[:500]},
                    "expand": _MOVED,
                },
                {"idempotency_key": nth_key(key, turn)},
            )
            return refund_fact(plain(refund), payment_id)

    def find_refunds(self, payment_id: str, key: str) -> list[RefundFact]:
        with asking():
            return [refund for refund in self._refunds(payment_id) if refund.effect_key == key]

    def read_payout(self, payout_id: str) -> PayoutFact:
        with asking():
            payout = plain(self._v1.payouts.retrieve(payout_id, {"expand": _MOVED}))
            return payout_fact(payout, self._items(payout_id) if is_itemized(payout) else ())

    def payouts_since(self, since: datetime) -> Iterator[PayoutFact]:
        with asking():
            listed = self._v1.payouts.list(
                {"created": {"gte": int(since.timestamp())}, "limit": PAGE, "expand": _MOVED_IN_LIST}
            )
            yield from map(payout_fact, dicts(listed))

    def movements_since(self, since: datetime) -> Iterator[Movement]:
        with asking():
            listed = self._v1.balance_transactions.list(
                {"created": {"gte": int(since.timestamp())}, "limit": PAGE, "expand": ["data.source"]}
            )
            yield from map(movement, dicts(listed))

    def balance(self) -> list[Money]:
        with asking():
            told = Fields.of_answer(plain(self._v1.balance.retrieve()))
            sums: dict[str, int] = {}
            for part in map(Fields, [*told.several("available"), *told.several("pending")]):
                sums[part.currency()] = sums.get(part.currency(), 0) + part.whole("amount")
            return [from_wire(amount, currency) for currency, amount in sorted(sums.items())]

    def _refunds(self, payment_id: str) -> list[RefundFact]:
        listed = self._v1.refunds.list({"payment_intent": payment_id, "limit": PAGE, "expand": _MOVED_IN_LIST})
        return sorted((refund_fact(refund, payment_id) for refund in dicts(listed)), key=_by_age)

    def _items(self, payout_id: str) -> list[Movement]:
        listed = self._v1.balance_transactions.list({"payout": payout_id, "limit": PAGE})
        return [movement(item) for item in dicts(listed) if item.get("type") != "payout"]

    def _disputes(self, payment_id: str) -> list[DisputeFact]:
        listed = self._v1.disputes.list({"payment_intent": payment_id, "limit": PAGE})
        disputes = [dispute_fact(dispute, payment_id) for dispute in dicts(listed)]
        return sorted(disputes, key=lambda dispute: (dispute.opened_at, dispute.dispute_id))


def _by_age(refund: RefundFact) -> tuple[datetime, str]:
    return refund.created_at, refund.refund_id
