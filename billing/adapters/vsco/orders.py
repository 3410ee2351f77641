"""An order: lines, discounts, taxes and what has been paid on it (schemas Order, OrderItem, Payment)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.adapters.vsco.amounts import BOUND, Amounts, exact
from billing.adapters.vsco.catalogue import Catalogue
from billing.adapters.vsco.fields import Fields
from billing.adapters.vsco.plaintext import plain_text
from billing.domain.lengths import ORDER_LINES_MAX, PARTS_MAX, TEXT_MAX
from billing.domain.money import Money
from billing.domain.sessions import Discount, EarlierPayment, Order, OrderLine, Tax

_STATUSES = ("draft", "open", "paid-in-full", "completed", "voided")
_PAYMENT_STATUSES = ("future", "confirmed-future", "posted", "failed", "pending")
_SELECTABILITIES = ("required", "suggested", "optional")
_NAMELESS = "Tax"  # the specification lets a tax rate go without a name; the client reads its rate beside it
_MOST_UNITS = 1_000_000
_DEEPEST = 10


@dataclass(frozen=True, slots=True)
class OrderReader:
    """Reads the orders of one job. `payments` by id; `session_on` is the session's local date."""

    amounts: Amounts
    catalogue: Catalogue
    payments: Mapping[str, Fields]
    session_on: date | None

    def read(self, order: Fields) -> Order:
        return Order(
            order_id=order.id(),
            number=order.shown("customNumber") or None,
            status=order.one_of("status", _STATUSES),
            currency=self.amounts.currency,
            lines=self._checked(order, self._lines(order.parts("lineItems", "line"), 1)),
            total=self.amounts.require(order, "total", low=0),
            balance=self.amounts.require(order, "balance", low=0),
            taxes=tuple(tax for name in ("tax1", "tax2", "tax3") if (tax := self._tax(order.part(name)))),
            taxes_compound=order.flag("taxIsCompounding"),
            pre_tax_discount=self._discount(order.part("preTaxDiscount")),
            after_tax_discount=self._discount(order.part("afterTaxDiscount")),
            payments=self._payments(order),
        )

    def _checked(self, order: Fields, lines: tuple[OrderLine, ...]) -> tuple[OrderLine, ...]:
        count = sum(1 for _ in _flat(lines))
        if count > ORDER_LINES_MAX:
            raise order.wrong("lineItems", f"has {count:,} lines, and an invoice has room for {ORDER_LINES_MAX}")
        return lines

    def _lines(self, items: Iterable[Fields], depth: int) -> tuple[OrderLine, ...]:
        """What the client takes: hidden and unselected items are left out with all that is in them."""
        return tuple(self._line(item, depth) for item in items if not item.flag("hidden") and _is_taken(item))

    def _line(self, item: Fields, depth: int) -> OrderLine:
        if depth > _DEEPEST:
            raise item.wrong("children", f"is nested more than {_DEEPEST} deep")
        units = item.number("units", -_MOST_UNITS, _MOST_UNITS)
        is_discount = item.flag("discount")
        percent = is_discount and item.one_of("discountKind", ("amount", "percent"), "amount") == "percent"
        price = Money(0, self.amounts.currency) if percent else self._price(item)
        return OrderLine(
            line_id=item.id(),
            name=item.shown("name") or "?",
            quantity=Decimal(1) if units is None else exact(units),
            unit_price=-price if is_discount and price.minor < 0 else price,
            taxable=item.flag("taxable", default=True),
            product_type=self.catalogue.products.get(item.id_or_none("productId") or "") or "Other",
            description=item.in_short("descriptionHtml", plain_text(item.raw_text("descriptionHtml")), TEXT_MAX),
            is_discount=is_discount,
            percent_off=_percent_off(item) if percent else None,
            children=self._lines(item.parts("children", "line"), depth + 1),
        )

    def _price(self, item: Fields) -> Money:
        price = self.amounts.read(item, "pricePerUnit")
        return self.amounts.require(item, "basePricePerUnit") if price is None else price

    def _tax(self, tax: Fields | None) -> Tax | None:
        """None for an empty slot: no name of its own or of its tax rate, and nothing or 0 for a rate."""
        if tax is None:
            return None
        rate, rate_id = tax.number("rate", 0, 1), tax.id_or_none("taxRateId")
        name = tax.shown("name") or self.catalogue.name("tax-rate", rate_id)
        if not name and not rate:
            return None
        if rate is None:
            raise tax.wrong("rate", "is missing")
        precise = self.catalogue.tax_rates.get(rate_id or "")
        return Tax(name or _NAMELESS, exact(_unrounded(rate, precise)), tax.flag("isInclusive"))

    def _discount(self, discount: Fields | None) -> Discount | None:
        if discount is None:
            return None
        percent = discount.number("percentage", 0, 100)
        amount = self.amounts.read(discount, "fixedAmount", low=0)
        if percent and amount:
            raise discount.wrong("percentage", "stands beside a fixed amount")
        if percent:
            return Discount(percent=exact(percent))
        return Discount(amount=amount) if amount else None

    def _payments(self, order: Fields) -> tuple[EarlierPayment, ...]:
        """Allocations less what was refunded of them, by payment; only posted payments are money."""
        sums: dict[str, Money] = {}
        for part in order.parts("paymentAllocations", "allocation"):
            if part.flag("hidden"):
                continue
            payment_id = part.id("paymentId")
            refunded = self.amounts.read(part, "refundedAmount") or Money(0, self.amounts.currency)
            net = self.amounts.require(part, "amount") - refunded
            sums[payment_id] = sums.get(payment_id, Money(0, self.amounts.currency)) + net
        if len(sums) > PARTS_MAX:
            raise order.wrong("paymentAllocations", f"names {len(sums):,} payments, and an invoice shows {PARTS_MAX}")
        found = (self._payment(order, payment_id, amount) for payment_id, amount in sums.items())
        return tuple(payment for payment in found if payment is not None)

    def _payment(self, order: Fields, payment_id: str, amount: Money) -> EarlierPayment | None:
        payment = self.payments.get(payment_id)
        if payment is None:
            raise order.wrong("paymentAllocations", f"names a payment {payment_id} that VSCO Workspace does not show")
        if payment.one_of("status", _PAYMENT_STATUSES, "posted") != "posted" or not amount:
            return None
        if amount.minor < 0:
            raise order.wrong("paymentAllocations", f"gives back more of payment {payment_id} than was paid")
        received_on = payment.date("received")
        return EarlierPayment(
            payment_id=payment_id,
            amount=amount,
            received_on=received_on,
            is_retainer=self.session_on is None or (received_on is not None and received_on < self.session_on),
            transaction_id=payment.text("transactionId") or None,
        )


def _flat(lines: Iterable[OrderLine]) -> Iterator[OrderLine]:
    for line in lines:
        yield line
        yield from _flat(line.children)


def _is_taken(item: Fields) -> bool:
    """Required lines are part of every order, whatever `selected` says."""
    required = item.one_of("selectability", _SELECTABILITIES, "required") == "required"
    return required or item.flag("selected")


def _percent_off(item: Fields) -> Decimal:
    """A percentage line's percentage stands where its price would; the specification does not say at which scale.

    Up to 100 it is read as a percentage, above (to 10,000) as hundredths of one, as money in cents would be.
    """
    value = abs(item.number("pricePerUnit", -BOUND, BOUND) or Decimal(0))
    percent = value if value <= 100 else value / 100
    if percent > 100:
        raise item.wrong("pricePerUnit", "is a discount of more than 100 percent")
    return exact(percent)


def _unrounded(rate: Decimal, precise: Decimal | None) -> Decimal:
    """An order keeps a rate to four decimals (0.0888 for 8.875 %); the tax rate it came from knows the rest.

    A tax rate that was changed since is not within a rounding of the order's, and the order's stands.
    """
    if precise is not None and abs(precise - rate) <= Decimal("0.00005"):
        return precise
    return rate
