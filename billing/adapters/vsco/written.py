"""A payment that is in VSCO Workspace already (schema Payment), as it stands there now."""

from __future__ import annotations

from billing.adapters.vsco.amounts import Amounts
from billing.adapters.vsco.fields import Fields
from billing.domain.money import Money
from billing.ports.outside import WrittenPayment


def read_written(payment: Fields, amounts: Amounts) -> WrittenPayment:
    """Allocations to one order are added up; what belongs to no order is not applied."""
    nothing = Money(0, amounts.currency)
    applied: dict[str, Money] = {}
    for part in payment.parts("paymentAllocations", "allocation"):
        order_id = part.id_or_none("orderId")
        if order_id is not None:
            applied[order_id] = applied.get(order_id, nothing) + amounts.require(part, "amount")
    return WrittenPayment(
        payment_id=payment.id(),
        amount=amounts.require(payment, "amount"),
        refunded=amounts.read(payment, "refundedAmount") or nothing,
        applied=applied,
    )
