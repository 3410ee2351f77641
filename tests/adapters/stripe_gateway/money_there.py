"""Dollars at Stripe, for the tests of what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus
from billing.domain.settlements import Movement, MovementKind

if TYPE_CHECKING:
    from conftest import FarSide

USD = "USD"
DUE = Money(15_000, USD)
FEE = Money(465, USD)  # 2.9 % + 0.30 of 150.00
DISPUTE_FEE = Money(1_500, USD)
NONE = Money(0, USD)


def usd(minor: int) -> Money:
    return Money(minor, USD)


def paid(far_side: FarSide, gateway: StripeGateway, invoice: Invoice, amount: Money = DUE, card: str = "visa") -> str:
    method = far_side.customer_with(f"pm_card_{card}")
    payment_id = gateway.prepare_charge(invoice, amount, method, method.customer_id)
    assert gateway.confirm_charge(payment_id, method.customer_id).status is PaymentStatus.SUCCEEDED
    return payment_id


def moved(movements: tuple[Movement, ...]) -> list[tuple[MovementKind, int, int]]:
    return [(movement.kind, movement.amount.minor, movement.fee.minor) for movement in movements]
