"""What an order costs: lines, discounts, taxes, deductions, and the checks before it becomes an invoice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.domain.errors import NeedsAttention
from billing.domain.invoices import Deduction, InvoiceLine, TaxLine
from billing.domain.money import Money, round_half_up, split
from billing.domain.sessions import Client, Discount, Order, OrderLine, Tax

# Stripe's largest amount of one payment: eight digits in the smallest unit (docs: currencies, minimum and maximum).
LARGEST_AMOUNT_MINOR = 99_999_999


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """An order in whole minor units of its currency, as it will stand on the invoice.

    total = subtotal - pre_tax_discount + exclusive taxes - after_tax_discount; amount_due = total - deductions.
    Discounts are >= 0; amount_due is negative when the client has paid too much.
    """

    lines: tuple[InvoiceLine, ...]
    subtotal_minor: int
    pre_tax_discount_minor: int
    taxes: tuple[TaxLine, ...]
    after_tax_discount_minor: int
    total_minor: int
    deductions: tuple[Deduction, ...]
    amount_due_minor: int


def price_order(order: Order) -> PricedOrder:
    """Price an order by our one rounding rule: half up, once for each figure named here.

    1. A line is quantity x unit price, rounded. A package and each of its contents count with their own unit price.
    2. A discount line is negative: -(quantity x unit), or -(percent of the other lines beside it under the same
       parent that are no discounts, without their contents), rounded. It never raises the bill.
    3. The subtotal is the sum of all lines. The order's discount before tax is fixed or a percentage of the subtotal,
       rounded, at most the subtotal; it is spread over the lines with a positive amount by largest remainder.
    4. The tax base is the taxable lines after discount, never below zero.
    5. Inclusive taxes lie in the base: base x rate / (1 + the inclusive rates), or in product form when taxes
       compound, each rounded once; their sum is spread over the positive taxable lines by largest remainder.
    6. Exclusive taxes are rate x the base without its included tax, each rounded once. When taxes compound, a tax's
       base includes those of its own kind (inclusive or exclusive) before it. `TaxLine.base_minor` is always net.
    7. The discount after tax is fixed or a percentage of what is left, rounded, at most what is left.

    NeedsAttention: currency_mismatch, unknown_tax, negative_payment, negative_total.
    """
    _refuse_unpriceable(order)
    lines = tuple(_flattened(order.lines))
    subtotal = sum(line.amount_minor for line in lines)
    before = _discount(order.pre_tax_discount, subtotal)
    lines = _with_discount(lines, before)
    gross_base = max(0, sum(line.amount_minor - line.discount_minor for line in lines if line.taxable))
    taxes = _taxes(order, gross_base)
    lines = _with_included_tax(lines, sum(tax.amount_minor for tax in taxes if tax.inclusive))
    taxed = subtotal - before + sum(tax.amount_minor for tax in taxes if not tax.inclusive)
    after = _discount(order.after_tax_discount, taxed)
    total = taxed - after
    if total < 0:
        raise NeedsAttention(
            "negative_total",
            f"{_name(order)} comes to {Money(total, order.currency)}; mend it in the booking system or give a credit.",
        )
    deductions = _deductions(order)
    due = total - sum(deduction.amount_minor for deduction in deductions)
    return PricedOrder(lines, subtotal, before, taxes, after, total, deductions, due)


def check_order(order: Order, priced: PricedOrder) -> None:
    """Refuse an order that must not become an invoice by itself, with a stable code and one sentence.

    One that was paid before it was billed passes: its invoice shows the payments, and asks for nothing.

    NeedsAttention: order_voided, order_draft, order_without_lines, total_mismatch, balance_mismatch, zero_balance,
    amount_too_large. (What cannot be priced at all, `price_order` refuses.)
    """
    if order.status == "voided":
        raise NeedsAttention("order_voided", f"{_name(order)} is voided; nothing is to be billed for it.")
    if order.status == "draft":
        raise NeedsAttention("order_draft", f"{_name(order)} is still a draft; book it before the session is billed.")
    if not priced.lines:
        raise NeedsAttention("order_without_lines", f"{_name(order)} has no lines; add what was sold, or void it.")
    _check_against_source(order, priced)
    if priced.amount_due_minor < 0 or not priced.total_minor:
        raise NeedsAttention("zero_balance", _nothing_due(order, priced))
    if priced.amount_due_minor > LARGEST_AMOUNT_MINOR:
        raise NeedsAttention(
            "amount_too_large",
            f"{_name(order)} asks for {Money(priced.amount_due_minor, order.currency)}, more than one payment can"
            f" carry ({Money(LARGEST_AMOUNT_MINOR, order.currency)}); split it.",
        )


def check_client(client: Client) -> None:
    """NeedsAttention with code missing_email when there is nowhere to send the invoice."""
    if any(email.strip() for email in client.emails):
        return
    name = client.name or client.client_id
    if not client.unusable_emails:
        raise NeedsAttention("missing_email", f"{name} has no e-mail address; add one in the booking system.")
    why = " ".join(reason for _, reason in client.unusable_emails)
    raise NeedsAttention(
        "missing_email",
        f"No address of {name} can be mailed to. {why} Correct it in the booking system; it is then billed by itself.",
    )


def _check_against_source(order: Order, priced: PricedOrder) -> None:
    ours = Money(priced.total_minor, order.currency)
    if ours != order.total:
        raise NeedsAttention(
            "total_mismatch",
            f"{_name(order)} comes to {ours} by its lines, but the booking system says {order.total};"
            " compare its lines, discounts and taxes.",
        )
    # A booking system writes no negative balance: what was overpaid stands there as zero.
    due = Money(max(0, priced.amount_due_minor), order.currency)
    if due != order.balance:
        raise NeedsAttention(
            "balance_mismatch",
            f"{_name(order)} leaves {due} to pay after its payments, but the booking system says {order.balance};"
            " check which payments are applied to it.",
        )


def _nothing_due(order: Order, priced: PricedOrder) -> str:
    if not priced.total_minor and not priced.amount_due_minor:
        return (
            f"{_name(order)} comes to {order.total}, so there is nothing left to pay: no invoice goes out, and no"
            " gallery is opened by itself; open it by hand, and close this."
        )
    return f"{_name(order)} is overpaid by {Money(-priced.amount_due_minor, order.currency)}; refund or credit it."


def _name(order: Order) -> str:
    return f"Order {order.number or order.order_id}"


def _refuse_unpriceable(order: Order) -> None:
    for money in _amounts(order):
        if money.currency != order.currency:
            raise NeedsAttention(
                "currency_mismatch", f"{_name(order)} is in {order.currency} but holds {money}; use one currency."
            )
    for tax in _levied(order):
        if not tax.name.strip() or not 0 <= tax.rate <= 1:
            raise NeedsAttention(
                "unknown_tax",
                f"{_name(order)} has a tax named {tax.name!r} at a rate of {tax.rate}; a tax needs a name and a rate"
                " from 0 to 1.",
            )
    if any(payment.amount.minor < 0 for payment in order.payments):
        raise NeedsAttention(
            "negative_payment", f"{_name(order)} has a payment below zero; record it as a refund of a payment."
        )


def _levied(order: Order) -> list[Tax]:
    """A slot without a name and a rate is no tax; a named one at 0 is (reverse charge, exempt): the paper says so."""
    return [tax for tax in order.taxes if tax.name.strip() or tax.rate]


def _amounts(order: Order) -> Iterator[Money]:
    yield order.total
    yield order.balance
    yield from (payment.amount for payment in order.payments)
    for discount in (order.pre_tax_discount, order.after_tax_discount):
        if discount is not None and discount.amount is not None:
            yield discount.amount
    yield from _unit_prices(order.lines)


def _unit_prices(lines: Sequence[OrderLine]) -> Iterator[Money]:
    for line in lines:
        yield line.unit_price
        yield from _unit_prices(line.children)


def _flattened(lines: Sequence[OrderLine]) -> Iterator[InvoiceLine]:
    """Depth first, each with its place on the page, from 1."""
    for position, (line, depth, unit, quantity) in enumerate(_walk(lines, 0), start=1):
        yield InvoiceLine(
            position=position,
            depth=depth,
            name=line.name,
            description=line.description,
            product_type=line.product_type,
            quantity=quantity,
            unit_minor=unit,
            amount_minor=round_half_up(quantity * unit),
            discount_minor=0,
            included_tax_minor=0,
            taxable=line.taxable,
        )


def _walk(lines: Sequence[OrderLine], depth: int) -> Iterator[tuple[OrderLine, int, int, Decimal]]:
    """Each line with its depth, its signed unit price and its quantity (a percentage stands as one unit)."""
    beside = sum(round_half_up(line.quantity * line.unit_price.minor) for line in lines if not line.is_discount)
    for line in lines:
        if not line.is_discount:
            yield line, depth, line.unit_price.minor, line.quantity
        elif line.percent_off is not None:
            yield line, depth, -abs(round_half_up(beside * line.percent_off / 100)), Decimal(1)
        else:
            # Some systems write a discount's price with a minus, some without: either way it lowers the bill.
            yield line, depth, -abs(line.unit_price.minor), abs(line.quantity)
        yield from _walk(line.children, depth + 1)


def _discount(discount: Discount | None, of: int) -> int:
    """What a discount on the whole order takes off `of`: at least nothing, at most all of it."""
    if discount is None:
        return 0
    wanted = 0
    if discount.amount is not None:
        wanted = discount.amount.minor
    elif discount.percent is not None:
        wanted = round_half_up(of * discount.percent / 100)
    return max(0, min(wanted, of))


def _with_discount(lines: tuple[InvoiceLine, ...], discount: int) -> tuple[InvoiceLine, ...]:
    shares = _shares(discount, [line.amount_minor for line in lines])
    return tuple(replace(line, discount_minor=share) for line, share in zip(lines, shares, strict=True))


def _with_included_tax(lines: tuple[InvoiceLine, ...], included: int) -> tuple[InvoiceLine, ...]:
    shares = _shares(included, [line.amount_minor - line.discount_minor if line.taxable else 0 for line in lines])
    return tuple(replace(line, included_tax_minor=share) for line, share in zip(lines, shares, strict=True))


def _shares(amount: int, weights: Sequence[int]) -> list[int]:
    """Split over the positive weights only: a discount line is not discounted or taxed once more."""
    if amount == 0:
        return [0] * len(weights)
    return split(amount, [max(0, weight) for weight in weights])


def _taxes(order: Order, gross_base: int) -> tuple[TaxLine, ...]:
    """All taxes in the order's own sequence; the included ones first take their part out of the base."""
    levied = _levied(order)
    included = _included(tuple(tax for tax in levied if tax.inclusive), order.taxes_compound, gross_base)
    net = gross_base - sum(included)
    amounts = iter(included)
    before = {True: 0, False: 0}
    taxes: list[TaxLine] = []
    for tax in levied:
        base = net + (before[tax.inclusive] if order.taxes_compound else 0)
        amount = next(amounts) if tax.inclusive else round_half_up(base * tax.rate)
        before[tax.inclusive] += amount
        taxes.append(TaxLine(tax.name, tax.rate, tax.inclusive, base, amount))
    return tuple(taxes)


def _included(taxes: Sequence[Tax], compound: bool, gross: int) -> list[int]:
    """The amount of each inclusive tax in `gross`. `parts` is each tax as a fraction of the net price."""
    parts: list[Decimal] = []
    for tax in taxes:
        parts.append(tax.rate * (1 + sum(parts)) if compound else tax.rate)
    whole = 1 + sum(parts)
    return [round_half_up(gross * part / whole) for part in parts]


def _deductions(order: Order) -> tuple[Deduction, ...]:
    return tuple(
        Deduction(
            kind="retainer" if payment.is_retainer else "payment",
            source_payment_id=payment.payment_id,
            received_on=payment.received_on,
            amount_minor=payment.amount.minor,
        )
        for payment in order.payments
        if payment.amount
    )
