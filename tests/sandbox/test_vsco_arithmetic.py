"""The sandbox's own sums, by hand-made examples: amounts in cents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.sandbox.vsco.arithmetic import compute


def _line(price: int, units: float = 1, taxable: bool = True, **fields: Any) -> dict[str, Any]:
    return {"name": "x", "pricePerUnit": price, "units": units, "taxable": taxable, **fields}


def _tax(rate: float, inclusive: bool = False) -> dict[str, Any]:
    return {"rate": rate, "isInclusive": inclusive}


def _order(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return compute({"lineItems": list(lines), **fields})


def test_lines_children_and_unselected_options() -> None:
    option = _line(7_000, selected=False, children=[_line(100)])
    package = _line(10_000, children=[_line(0), _line(2_500, 2), option])

    order = _order(package, _line(999, taxable=False))

    assert order["subtotal"] == {"amount": 15_999, "taxable": 15_000, "nonTaxable": 999}
    assert order["total"] == 15_999


@pytest.mark.parametrize(
    ("fields", "taxes", "total"),
    [
        ({"tax1": _tax(0.19)}, [1_900], 11_900),
        ({"tax1": _tax(0.0625), "tax2": _tax(0.015)}, [625, 150], 10_775),
        ({"tax1": _tax(0.05), "tax2": _tax(0.07), "taxIsCompounding": True}, [500, 735], 11_235),
        ({"tax1": _tax(0.2, inclusive=True)}, [1_667], 10_000),
        ({"tax1": _tax(0.2, inclusive=True), "tax2": _tax(0.1)}, [1_667, 833], 10_833),
        ({}, [], 10_000),
    ],
)
def test_the_shapes_of_tax(fields: dict[str, Any], taxes: list[int], total: int) -> None:
    order = _order(_line(10_000), **fields)

    assert [order[name]["amount"] for name in ("tax1", "tax2", "tax3") if order.get(name)] == taxes
    assert order["total"] == total


def test_a_percentage_before_tax_lowers_the_tax() -> None:
    order = _order(_line(8_000), _line(2_000, taxable=False), tax1=_tax(0.19), preTaxDiscount={"percentage": 10})

    assert order["preTaxDiscount"]["percentageAmount"] == 1_000
    assert order["tax1"]["amount"] == 1_368
    assert order["total"] == 10_368


def test_a_fixed_amount_after_tax_leaves_the_tax() -> None:
    order = _order(_line(10_000), tax1=_tax(0.19), afterTaxDiscount={"fixedAmount": 900})

    assert (order["tax1"]["amount"], order["total"]) == (1_900, 11_000)


def test_a_discount_never_exceeds_what_it_is_taken_from() -> None:
    order = _order(_line(500), tax1=_tax(0.19), preTaxDiscount={"fixedAmount": 5_000})

    assert (order["tax1"]["amount"], order["total"]) == (0, 0)


def test_halves_are_rounded_up_and_units_may_be_fractions() -> None:
    assert _order(_line(5, 0.5))["total"] == 3
    assert _order(_line(50), tax1=_tax(0.05))["tax1"]["amount"] == 3


def test_an_order_without_lines_costs_nothing() -> None:
    assert compute({"lineItems": None, "preTaxDiscount": {"fixedAmount": 5}})["total"] == 0


@given(
    prices=st.lists(st.integers(0, 10**7), max_size=6),
    rates=st.lists(st.integers(0, 3000), max_size=3),
    compounding=st.booleans(),
    percent=st.integers(0, 100),
)
def test_a_total_is_its_parts(prices: list[int], rates: list[int], compounding: bool, percent: int) -> None:
    taxes = {f"tax{at}": _tax(rate / 10_000) for at, rate in enumerate(rates, 1)}

    order = _order(*map(_line, prices), **taxes, taxIsCompounding=compounding, preTaxDiscount={"percentage": percent})

    added = sum(order[name]["amount"] for name in taxes)
    assert order["total"] == sum(prices) - order["preTaxDiscount"]["percentageAmount"] + added >= 0
