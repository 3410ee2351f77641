"""The sandbox's own arithmetic for orders: written apart from the business's rules, so that the two can disagree.

All amounts are integer cents; every rounding is half up, once a tax and once a discount.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from billing.sandbox.store import Body

_TAXES = ("tax1", "tax2", "tax3")


def cents(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def compute(order: Body) -> Body:
    """Fill in subtotal, discounts, tax amounts and total of an order from its lines, in place."""
    taxable, free = _line_sums(order.get("lineItems") or [])
    gross = taxable + free
    order["subtotal"] = {"amount": gross, "taxable": taxable, "nonTaxable": free}
    before = _discount(order.get("preTaxDiscount"), gross)
    base = taxable - (cents(Decimal(before) * taxable / gross) if gross else 0)
    added = _taxes(order, base)
    after = _discount(order.get("afterTaxDiscount"), gross - before + added)
    order["total"] = gross - before + added - after
    return order


def _line_sums(items: list[Body]) -> tuple[int, int]:
    taxable = free = 0
    for item in _selected(items):
        amount = cents(Decimal(item.get("pricePerUnit", 0)) * Decimal(str(item.get("units", 1))))
        if item.get("taxable"):
            taxable += amount
        else:
            free += amount
    return taxable, free


def _selected(items: list[Body]) -> Iterator[Body]:
    """Each line and its children; what the client left unselected costs nothing, nor does anything below it."""
    for item in items:
        if item.get("selected", True):
            yield item
            yield from _selected(item.get("children") or [])


def _discount(discount: Body | None, amount: int) -> int:
    if not discount:
        return 0
    if "percentage" in discount:
        value = cents(Decimal(amount) * Decimal(str(discount["percentage"])) / 100)
        discount["percentageAmount"] = value
        return value
    return min(int(discount["fixedAmount"]), amount)


def _taxes(order: Body, base: int) -> int:
    """Write each tax's amount; returns what the taxes add to the price (inclusive ones add nothing)."""
    taxes = [order[name] for name in _TAXES if order.get(name)]
    inclusive = sum((Decimal(str(tax["rate"])) for tax in taxes if tax["isInclusive"]), Decimal(0))
    net = Decimal(base) / (1 + inclusive)
    added = 0
    for tax in taxes:
        on = net + added if order.get("taxIsCompounding") else net
        tax["amount"] = cents(on * Decimal(str(tax["rate"])))
        if not tax["isInclusive"]:
            added += tax["amount"]
    return added
