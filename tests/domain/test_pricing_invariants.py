"""What holds for every order that can be priced: the figures add up, and no share is lost."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from billing.domain.errors import NeedsAttention
from billing.domain.invoices import InvoiceLine, TaxLine
from billing.domain.money import Money
from billing.domain.pricing import PricedOrder, price_order
from billing.domain.sessions import Discount, EarlierPayment, Order, OrderLine, Tax

prices = st.integers(-50_000, 2_000_000).map(lambda minor: Money(minor, "EUR"))
positive = st.integers(0, 2_000_000).map(lambda minor: Money(minor, "EUR"))
quantities = st.decimals(0, 20, places=2)
percents = st.decimals(0, 100, places=3)


def lines_with(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(
        st.builds(
            OrderLine,
            st.just("l"),
            st.just("Line"),
            quantities,
            prices,
            st.booleans(),
            children=children,
        )
        | st.builds(
            OrderLine,
            st.just("d"),
            st.just("Off"),
            quantities,
            prices,
            st.booleans(),
            is_discount=st.just(True),
            percent_off=st.none() | percents,
        ),
        max_size=4,
    ).map(tuple)


discounts = st.none() | st.builds(Discount, amount=positive) | st.builds(Discount, percent=percents)
taxes = st.lists(st.builds(Tax, st.just("Tax"), st.decimals("0", "0.3", places=4), st.booleans()), max_size=3).map(
    tuple
)
payments = st.lists(st.builds(EarlierPayment, st.just("p"), positive, st.none(), st.booleans()), max_size=2).map(tuple)
orders = st.builds(
    Order,
    st.just("o"),
    st.none(),
    st.just("open"),
    st.just("EUR"),
    lines_with(lines_with(st.just(()))),
    st.just(Money(0, "EUR")),
    st.just(Money(0, "EUR")),
    taxes,
    st.booleans(),
    discounts,
    discounts,
    payments,
)


def priced_or_assumed_away(order: Order) -> PricedOrder:
    try:
        return price_order(order)
    except NeedsAttention as refused:
        assume(refused.code != "negative_total")
        raise


@given(order=orders)
def test_the_total_is_lines_minus_discounts_plus_taxes(order: Order) -> None:
    priced = priced_or_assumed_away(order)

    added = sum(tax.amount_minor for tax in priced.taxes if not tax.inclusive)
    assert priced.subtotal_minor == sum(line.amount_minor for line in priced.lines)
    assert priced.total_minor == (
        priced.subtotal_minor - priced.pre_tax_discount_minor + added - priced.after_tax_discount_minor
    )
    assert priced.total_minor >= 0
    assert priced.amount_due_minor == priced.total_minor - sum(part.amount_minor for part in priced.deductions)


@given(order=orders)
def test_every_share_of_a_discount_and_of_an_included_tax_is_found_on_a_line(order: Order) -> None:
    priced = priced_or_assumed_away(order)

    included = sum(tax.amount_minor for tax in priced.taxes if tax.inclusive)
    assert sum(line.discount_minor for line in priced.lines) == priced.pre_tax_discount_minor >= 0
    assert sum(line.included_tax_minor for line in priced.lines) == included
    for line in priced.lines:
        assert 0 <= line.discount_minor <= max(0, line.amount_minor)
        assert line.included_tax_minor == 0 or line.taxable
        assert 0 <= line.included_tax_minor <= max(0, line.amount_minor - line.discount_minor)


@given(order=orders)
def test_every_tax_is_its_rate_of_its_base_within_the_rounding(order: Order) -> None:
    priced = priced_or_assumed_away(order)

    for tax in priced.taxes:
        # An included tax's net base holds the roundings of up to three taxes, each of half a unit.
        slack = Decimal("0.5") if not tax.inclusive else Decimal("0.5") + tax.rate * Decimal("1.5")
        assert abs(tax.amount_minor - tax.base_minor * tax.rate) <= slack
        assert tax.amount_minor >= 0


@given(order=orders)
def test_the_lines_keep_the_orders_sequence_and_places(order: Order) -> None:
    priced = priced_or_assumed_away(order)

    def depths(lines: tuple[OrderLine, ...], depth: int) -> list[int]:
        return [value for line in lines for value in (depth, *depths(line.children, depth + 1))]

    assert [line.depth for line in priced.lines] == depths(order.lines, 0)
    assert [line.position for line in priced.lines] == list(range(1, len(priced.lines) + 1))


@settings(max_examples=30)
@given(order=orders)
def test_no_figure_is_a_float_and_pricing_twice_gives_the_same(order: Order) -> None:
    priced = priced_or_assumed_away(order)

    assert price_order(order) == priced
    for record in (priced, *priced.lines, *priced.taxes):
        assert figures_are_exact(record)


def figures_are_exact(record: PricedOrder | InvoiceLine | TaxLine) -> bool:
    assert is_dataclass(record)
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return all(type(value) is int for name, value in values.items() if name.endswith("_minor")) and not any(
        isinstance(value, float) for value in values.values()
    )
