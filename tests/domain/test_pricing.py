"""Known answers computed by hand, one rule at a time (the rules are in `price_order`'s docstring)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.errors import NeedsAttention
from billing.domain.invoices import Deduction, TaxLine
from billing.domain.money import Money
from billing.domain.pricing import PricedOrder, price_order
from billing.domain.sessions import Discount, EarlierPayment, Order, OrderLine, Tax

VAT = Tax("VAT", Decimal("0.19"))
INCLUDED = Tax("MwSt", Decimal("0.19"), inclusive=True)


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def line(
    minor: int,
    quantity: str = "1",
    *children: OrderLine,
    taxable: bool = True,
    name: str = "Package",
) -> OrderLine:
    return OrderLine("l", name, Decimal(quantity), euros(minor), taxable, children=children)


def off(minor: int, quantity: str = "1", percent: str | None = None, taxable: bool = True) -> OrderLine:
    percent_off = None if percent is None else Decimal(percent)
    return OrderLine("d", "Off", Decimal(quantity), euros(minor), taxable, is_discount=True, percent_off=percent_off)


def order(
    *lines: OrderLine,
    taxes: tuple[Tax, ...] = (),
    compound: bool = False,
    before: Discount | None = None,
    after: Discount | None = None,
    payments: tuple[EarlierPayment, ...] = (),
) -> Order:
    return Order("o1", "ORD-1", "open", "EUR", lines, euros(0), euros(0), taxes, compound, before, after, payments)


def percent(number: str) -> Discount:
    return Discount(percent=Decimal(number))


def amounts(priced: PricedOrder) -> list[int]:
    return [item.amount_minor for item in priced.lines]


def shares(priced: PricedOrder) -> list[int]:
    return [item.discount_minor for item in priced.lines]


def test_a_package_and_its_contents_are_flattened_depth_first_and_each_counts_with_its_own_price() -> None:
    album = line(25_000, "2", line(1_500, name="Engraving"), name="Album")

    priced = price_order(order(line(300_000, "1", line(0, name="Gallery"), album), line(9_900, name="Travel")))

    assert [(item.position, item.depth, item.name, item.amount_minor) for item in priced.lines] == [
        (1, 0, "Package", 300_000),
        (2, 1, "Gallery", 0),
        (3, 1, "Album", 50_000),
        (4, 2, "Engraving", 1_500),
        (5, 0, "Travel", 9_900),
    ]
    assert priced.subtotal_minor == priced.total_minor == priced.amount_due_minor == 361_400


@pytest.mark.parametrize(
    ("unit", "quantity", "amount"),
    [(333, "1.5", 500), (1, "0.5", 1), (1, "0.49", 0), (12_345, "0.3333", 4_115), (1_000, "0", 0), (-500, "2", -1_000)],
)
def test_a_line_is_quantity_times_unit_price_rounded_half_up(unit: int, quantity: str, amount: int) -> None:
    priced = price_order(order(line(unit, quantity), line(10_000)))

    assert amounts(priced)[0] == amount


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((line(10_000), off(1_500)), [10_000, -1_500]),
        ((line(10_000), off(-1_500)), [10_000, -1_500]),  # written with a minus, it is still a discount
        ((line(10_000), off(500, "3")), [10_000, -1_500]),
        ((line(10_000), off(333, "1.5")), [10_000, -500]),
        ((line(10_000), line(5), off(0, percent="10")), [10_000, 5, -1_001]),  # 1000.5 goes away from zero
        ((line(10_000), off(2_000), off(0, percent="10")), [10_000, -2_000, -1_000]),  # of what is no discount
        ((line(10_000, "1", line(500)), off(0, percent="10")), [10_000, 500, -1_000]),  # of its siblings only
        ((line(10_000, "1", line(500), off(0, percent="50")),), [10_000, 500, -250]),
    ],
)
def test_a_discount_line_is_negative_and_a_percentage_is_of_the_lines_beside_it(
    lines: tuple[OrderLine, ...], expected: list[int]
) -> None:
    assert amounts(price_order(order(*lines))) == expected


def test_a_discount_line_stands_on_the_page_so_that_quantity_times_unit_is_its_amount() -> None:
    priced = price_order(order(line(10_000), off(500, "3"), off(7, percent="12.5")))

    assert [(item.quantity, item.unit_minor) for item in priced.lines[1:]] == [(3, -500), (1, -1_250)]


@pytest.mark.parametrize(
    ("lines", "before", "discount", "parts"),
    [
        ((line(100), line(100), line(100)), Discount(euros(100)), 100, [34, 33, 33]),
        ((line(100), line(100), line(100)), percent("10"), 30, [10, 10, 10]),
        ((line(333),), percent("50"), 167, [167]),
        ((line(1_000), line(0), line(500)), percent("15"), 225, [150, 0, 75]),
        ((line(1_000), off(400), line(200)), percent("10"), 80, [67, 0, 13]),  # only lines above zero share
        ((line(500),), Discount(euros(900)), 500, [500]),  # at most the subtotal
        ((line(500),), percent("150"), 500, [500]),
        ((line(500),), Discount(euros(-20)), 0, [0]),
        ((line(500),), Discount(), 0, [0]),
        ((line(500),), None, 0, [0]),
    ],
)
def test_the_discount_before_tax_is_capped_and_spread_by_largest_remainder(
    lines: tuple[OrderLine, ...], before: Discount | None, discount: int, parts: list[int]
) -> None:
    priced = price_order(order(*lines, before=before))

    assert (priced.pre_tax_discount_minor, shares(priced)) == (discount, parts)
    assert priced.total_minor == priced.subtotal_minor - discount


def test_an_exclusive_tax_is_rounded_once_on_the_taxable_lines_after_discount() -> None:
    lines = (line(10_000), line(5_000, taxable=False), line(33))

    priced = price_order(order(*lines, taxes=(VAT,), before=percent("10")))

    assert (priced.subtotal_minor, priced.pre_tax_discount_minor, shares(priced)) == (15_033, 1_503, [1_000, 500, 3])
    assert priced.taxes == (TaxLine("VAT", Decimal("0.19"), False, 9_030, 1_716),)  # 1715.7
    assert priced.total_minor == 15_033 - 1_503 + 1_716


def test_two_taxes_are_each_rounded_once_on_the_same_base() -> None:
    taxes = (Tax("GST", Decimal("0.05")), Tax("PST", Decimal("0.07")))

    priced = price_order(order(line(9_990), taxes=taxes))

    assert [(tax.base_minor, tax.amount_minor) for tax in priced.taxes] == [(9_990, 500), (9_990, 699)]
    assert priced.total_minor == 11_189


def test_a_compounding_tax_has_the_tax_before_it_in_its_base() -> None:
    taxes = (Tax("GST", Decimal("0.05")), Tax("QST", Decimal("0.09975")))

    priced = price_order(order(line(10_000), taxes=taxes, compound=True))

    assert [(tax.base_minor, tax.amount_minor) for tax in priced.taxes] == [(10_000, 500), (10_500, 1_047)]
    assert priced.total_minor == 11_547


def test_an_inclusive_tax_changes_no_total_and_is_spread_over_the_taxable_lines() -> None:
    lines = (line(10_000), line(5_000, taxable=False), line(1_900))

    priced = price_order(order(*lines, taxes=(INCLUDED,)))

    assert priced.taxes == (TaxLine("MwSt", Decimal("0.19"), True, 10_000, 1_900),)
    assert [item.included_tax_minor for item in priced.lines] == [1_597, 0, 303]
    assert priced.total_minor == 16_900


def test_two_inclusive_taxes_share_one_divisor() -> None:
    taxes = (Tax("A", Decimal("0.10"), inclusive=True), Tax("B", Decimal("0.05"), inclusive=True))

    priced = price_order(order(line(11_500), taxes=taxes))

    assert [(tax.base_minor, tax.amount_minor) for tax in priced.taxes] == [(10_000, 1_000), (10_000, 500)]


def test_compounding_inclusive_taxes_are_taken_out_in_product_form() -> None:
    taxes = (Tax("A", Decimal("0.10"), inclusive=True), Tax("B", Decimal("0.05"), inclusive=True))

    priced = price_order(order(line(11_550), taxes=taxes, compound=True))

    assert [(tax.base_minor, tax.amount_minor) for tax in priced.taxes] == [(10_000, 1_000), (11_000, 550)]
    assert priced.total_minor == 11_550


def test_an_exclusive_tax_is_not_charged_on_an_included_one() -> None:
    taxes = (INCLUDED, Tax("City", Decimal("0.05")))

    priced = price_order(order(line(11_900), taxes=taxes, compound=True))

    assert [(tax.base_minor, tax.amount_minor) for tax in priced.taxes] == [(10_000, 1_900), (10_000, 500)]
    assert priced.total_minor == 12_400


def test_a_tax_is_never_below_zero() -> None:
    priced = price_order(order(line(10_000, taxable=False), off(500), taxes=(VAT, INCLUDED)))

    assert [tax.amount_minor for tax in priced.taxes] == [0, 0]
    assert priced.total_minor == 9_500


@pytest.mark.parametrize(
    ("after", "discount", "total"),
    [
        (Discount(euros(900)), 900, 11_000),
        (percent("10"), 1_190, 10_710),
        (percent("0.001"), 0, 11_900),
        (Discount(euros(99_999)), 11_900, 0),
    ],
)
def test_the_discount_after_tax_is_of_what_is_left_and_at_most_that(after: Discount, discount: int, total: int) -> None:
    priced = price_order(order(line(10_000), taxes=(VAT,), after=after))

    assert (priced.after_tax_discount_minor, priced.total_minor) == (discount, total)


def test_retainers_and_payments_are_deducted_and_empty_ones_dropped() -> None:
    payments = (
        EarlierPayment("p1", euros(3_000), date(2026, 1, 2), is_retainer=True),
        EarlierPayment("p2", euros(0), None, is_retainer=True),
        EarlierPayment("p3", euros(500), None, is_retainer=False),
    )

    priced = price_order(order(line(10_000), payments=payments))

    assert priced.deductions == (
        Deduction("retainer", "p1", date(2026, 1, 2), 3_000),
        Deduction("payment", "p3", None, 500),
    )
    assert (priced.total_minor, priced.amount_due_minor) == (10_000, 6_500)


def test_a_yen_order_has_no_hundredths() -> None:
    yen = Money(1_050, "JPY")
    plain = OrderLine("l", "Portrait", Decimal("1.5"), yen)
    bill = Order("o1", None, "open", "JPY", (plain,), yen, yen, taxes=(Tax("Tax", Decimal("0.1"), inclusive=True),))

    priced = price_order(bill)

    assert (priced.total_minor, priced.taxes[0].amount_minor) == (1_575, 143)


def test_an_order_below_zero_is_a_credit_and_no_invoice() -> None:
    with pytest.raises(NeedsAttention, match=r"ORD-1 comes to -15\.00 EUR") as refused:
        price_order(order(line(1_000), off(2_500)))

    assert refused.value.code == "negative_total"


@pytest.mark.parametrize("rate", ["-0.19", "1.01", "19"])
def test_a_tax_rate_that_is_no_fraction_is_unknown(rate: str) -> None:
    with pytest.raises(NeedsAttention, match="ORD-1 has a tax named 'VAT'") as refused:
        price_order(order(line(1_000), taxes=(Tax("VAT", Decimal(rate), inclusive=True),)))

    assert refused.value.code == "unknown_tax"


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_tax_of_nothing_stands_on_the_invoice_beside_the_others(inclusive: bool) -> None:
    reverse = Tax("VAT 0 % reverse charge", Decimal(0), inclusive=inclusive)

    priced = price_order(order(line(10_000), taxes=(reverse, VAT)))

    assert priced.taxes[0] == TaxLine("VAT 0 % reverse charge", Decimal(0), inclusive, 10_000, 0)
    assert (priced.taxes[1].amount_minor, priced.total_minor) == (1_900, 11_900)


def test_an_empty_slot_is_no_tax() -> None:
    priced = price_order(order(line(10_000), taxes=(Tax("", Decimal(0)), Tax("  ", Decimal("0.0000"), inclusive=True))))

    assert (priced.taxes, priced.total_minor) == ((), 10_000)


def test_a_tax_of_the_whole_price_is_still_a_tax() -> None:
    assert price_order(order(line(1_000), taxes=(Tax("Luxury", Decimal(1)),))).total_minor == 2_000


def test_a_tax_without_a_name_is_unknown() -> None:
    with pytest.raises(NeedsAttention) as refused:
        price_order(order(line(1_000), taxes=(Tax(" ", Decimal("0.19")),)))

    assert refused.value.code == "unknown_tax"


def test_a_payment_below_zero_is_set_aside() -> None:
    refund = EarlierPayment("p1", euros(-1), None, is_retainer=False)

    with pytest.raises(NeedsAttention) as refused:
        price_order(order(line(1_000), payments=(refund,)))

    assert refused.value.code == "negative_payment"


FOREIGN = Money(1, "USD")


@pytest.mark.parametrize(
    "foreign",
    [
        Order("o1", None, "open", "EUR", (), FOREIGN, euros(0)),
        Order("o1", None, "open", "EUR", (), euros(0), FOREIGN),
        Order("o1", None, "open", "EUR", (OrderLine("l", "x", Decimal(1), FOREIGN),), euros(0), euros(0)),
        order(line(1, "1", OrderLine("l", "x", Decimal(1), FOREIGN))),
        order(before=Discount(FOREIGN)),
        order(after=Discount(FOREIGN)),
        order(payments=(EarlierPayment("p", FOREIGN, None, is_retainer=True),)),
    ],
)
def test_an_amount_of_another_currency_anywhere_in_the_order_is_found(foreign: Order) -> None:
    with pytest.raises(NeedsAttention, match=r"is in EUR but holds 0\.01 USD") as refused:
        price_order(foreign)

    assert refused.value.code == "currency_mismatch"
