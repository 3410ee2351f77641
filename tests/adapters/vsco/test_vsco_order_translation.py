"""Orders, lines, taxes, discounts and payments, from the wire's words into our."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from vsco_records import (
    ORDER,
    OTHER,
    PACKAGE,
    PAYMENT,
    VAT,
    allocation,
    event,
    line,
    order,
    payment,
    read,
    records,
    shared,
    ulid,
)

from billing.domain.errors import PermanentError
from billing.domain.money import Money
from billing.domain.sessions import Discount, Order, OrderLine, Tax


def read_order(**fields: object) -> Order:
    return read(records(order=order(**fields))).orders[0]


def read_line(**fields: object) -> OrderLine:
    return read_order(lineItems=[line(**fields)]).lines[0]


def refused(**fields: object) -> str:
    with pytest.raises(PermanentError) as caught:
        read_order(**fields)
    assert caught.value.code == "malformed_record"
    return caught.value.sentence


def test_an_order_keeps_number_status_total_and_balance():
    found = read_order(total=12_345, balance=345)

    assert (found.order_id, found.number, found.status) == (ORDER, "ORD-1", "open")
    assert (found.total, found.balance) == (Money(12_345, "EUR"), Money(345, "EUR"))


def test_an_order_without_lines_is_read_as_an_empty_one():
    assert read_order(lineItems=[], total=0, balance=0).lines == ()
    assert read_order(lineItems=None, total=0, balance=0).lines == ()


def test_a_hidden_order_is_left_out():
    assert read(records(order=order(hidden=True))).orders == ()


@pytest.mark.parametrize(
    ("currency", "scale", "wire", "minor"),
    [
        ("EUR", "cents", 10_050, 10_050),
        ("EUR", "units", 100, 10_000),
        ("JPY", "cents", 39_000, 39_000),
        ("JPY", "units", 39_000, 39_000),
        ("KWD", "cents", 12_345, 12_345),
        ("KWD", "units", 12, 12_000),
    ],
)
def test_money_is_counted_as_the_setting_says(currency, scale, wire, minor):
    found = read(records(order=order(total=wire, balance=0)), shared(currencyCode=currency), money_scale=scale)

    assert found.orders[0].total == Money(minor, currency)


@pytest.mark.parametrize(
    ("selectability", "selected", "taken"),
    [
        ("required", True, True),
        ("required", False, True),
        (None, None, True),
        ("optional", True, True),
        ("optional", False, False),
        ("suggested", None, False),
    ],
)
def test_only_what_the_client_takes_is_a_line(selectability, selected, taken):
    found = read_order(lineItems=[line(selectability=selectability, selected=selected)])

    assert bool(found.lines) is taken


def test_an_unselected_package_takes_its_children_with_it():
    child = line(id=OTHER, selectability="optional", selected=True)

    assert read_order(lineItems=[line(selectability="optional", selected=False, children=[child])]).lines == ()


def test_children_stay_inside_their_package_and_hidden_ones_are_left_out():
    children = [line(id=OTHER, name="Album", pricePerUnit=0), line(id=ulid(50), name="Old", hidden=True)]

    package = read_line(children=children)

    assert [child.name for child in package.children] == ["Album"]
    assert package.children[0].unit_price == Money(0, "EUR")


def test_the_product_type_comes_through_the_product():
    assert read_line(productId=PACKAGE).product_type == "Packages"
    assert read_line(productId=OTHER).product_type == "Other"
    assert read_line(productId=None).product_type == "Other"


@pytest.mark.parametrize(
    ("sent", "kept"), [(1.5, "1.5"), (2.50, "2.5"), (0.1, "0.1"), (100, "100"), (1e2, "100"), (None, "1")]
)
def test_units_are_exact(sent, kept):
    assert str(read_line(units=sent).quantity) == kept


def test_a_description_loses_its_markup():
    html = "<p>Two&nbsp;hours &amp; <b>light</b></p><ul><li>Album</li></ul><script>alert(1)</script>"

    assert read_line(descriptionHtml=html).description == "Two hours & light\n• Album"


def test_a_name_keeps_html_as_text_and_loses_line_breaks():
    assert read_line(name="<b>Big</b>\r\nBcc: x@example.com").name == "<b>Big</b> Bcc: x@example.com"


@pytest.mark.parametrize("price", [-2_500, 2_500])
def test_a_discount_line_is_a_positive_amount_off(price):
    found = read_line(discount=True, discountKind="amount", pricePerUnit=price)

    assert (found.is_discount, found.unit_price, found.percent_off) == (True, Money(2_500, "EUR"), None)


@pytest.mark.parametrize(("price", "percent"), [(10, "10"), (-10, "10"), (100, "100"), (1250, "12.5")])
def test_a_percentage_line_says_its_percentage(price, percent):
    found = read_line(discount=True, discountKind="percent", pricePerUnit=price)

    assert (found.unit_price, found.percent_off) == (Money(0, "EUR"), Decimal(percent))


def test_a_discount_of_more_than_all_is_refused():
    assert "more than 100 percent" in refused(
        lineItems=[line(discount=True, discountKind="percent", pricePerUnit=10_001)]
    )


def test_a_line_without_its_own_price_takes_the_base_price():
    assert read_line(pricePerUnit=None, basePricePerUnit=700).unit_price == Money(700, "EUR")


def test_a_negative_price_of_an_ordinary_line_is_a_credit():
    assert read_line(pricePerUnit=-700).unit_price == Money(-700, "EUR")


def test_taxes_are_fractions_with_their_names():
    tax = {"name": "VAT", "rate": 0.19, "isInclusive": True, "taxRateId": None, "amount": 0}

    found = read_order(tax1=tax, tax2=None, tax3={"rate": 0}, taxIsCompounding=True)

    assert found.taxes == (Tax("VAT", Decimal("0.19"), inclusive=True),)
    assert found.taxes_compound


@pytest.mark.parametrize(
    "empty",
    [
        {},
        {"rate": 0},
        {"rate": None},
        {"name": "", "rate": 0.0, "isInclusive": True},
        {"name": None, "taxRateId": OTHER},
    ],
)
def test_an_empty_slot_is_no_tax(empty):
    assert read_order(tax1=empty, tax2=None).taxes == ()


def test_a_tax_of_nothing_is_a_tax_by_its_name():
    found = read_order(tax1={"name": "VAT 0 % reverse charge", "rate": 0}, tax2={"rate": 0, "taxRateId": VAT})

    assert found.taxes[0] == Tax("VAT 0 % reverse charge", Decimal(0))
    assert found.taxes[1] == Tax("NYC", Decimal(0))  # by the name of the tax rate that it came from


def test_a_tax_without_a_name_goes_by_that_of_its_tax_rate():
    assert read_order(tax1={"rate": 0.0888, "taxRateId": VAT}).taxes[0].name == "NYC"
    assert read_order(tax1={"name": None, "rate": 0.19}).taxes[0].name == "Tax"


@pytest.mark.parametrize(("rate", "exact"), [(0.0888, "0.08875"), (0.0887, "0.08875"), (0.08, "0.08")])
def test_a_rate_that_four_decimals_cannot_hold_is_taken_from_its_tax_rate(rate, exact):
    found = read_order(tax1={"name": "NYC", "rate": rate, "taxRateId": VAT})

    assert found.taxes[0].rate == Decimal(exact)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (None, None),
        ({"fixedAmount": 500, "percentage": None}, Discount(amount=Money(500, "EUR"))),
        ({"percentage": 12.5, "percentageAmount": 1_250}, Discount(percent=Decimal("12.5"))),
        ({"fixedAmount": None, "percentage": 0}, None),
        ({"fixedAmount": 0}, None),
    ],
)
def test_discounts_before_and_after_tax(sent, kept):
    assert read_order(preTaxDiscount=sent).pre_tax_discount == kept
    assert read_order(afterTaxDiscount=sent).after_tax_discount == kept


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"total": -1}, "`total`"),
        ({"balance": -5}, "`balance`"),
        ({"total": 100_000_000_000}, "`total`"),
        ({"total": None}, "`total`"),
        ({"total": "100"}, "`total`"),
        ({"total": True}, "`total`"),
        ({"total": 1.5}, "no whole number"),
        ({"status": "paid"}, "`status`"),
        ({"status": ["open"]}, "`status`"),
        ({"id": "../job"}, "`id`"),
        ({"id": None}, "`id`"),
        ({"customNumber": 7}, "`customNumber`"),
        ({"taxIsCompounding": "yes"}, "`taxIsCompounding`"),
        ({"lineItems": {}}, "`lineItems`"),
        ({"lineItems": ["x"]}, "no object"),
        ({"lineItems": [line(pricePerUnit=100_000_000_000)]}, "`pricePerUnit`"),
        ({"lineItems": [line(pricePerUnit=None)]}, "`basePricePerUnit`"),
        ({"lineItems": [line(units=10**7)]}, "`units`"),
        ({"lineItems": [line(units="2")]}, "`units`"),
        ({"lineItems": [line(units=1e-30)]}, "decimals"),
        ({"tax1": {"name": "VAT", "rate": 19}}, "`rate`"),
        ({"tax1": {"name": "VAT"}}, "`rate`"),
        ({"tax1": {"name": "VAT", "rate": -0.19}}, "`rate`"),
        ({"tax1": {"name": None, "rate": None, "taxRateId": VAT}}, "`rate`"),
        ({"preTaxDiscount": {"fixedAmount": 1, "percentage": 1}}, "`percentage`"),
        ({"preTaxDiscount": {"percentage": 101}}, "`percentage`"),
        ({"paymentAllocations": [allocation(paymentId=OTHER)]}, "does not show"),
    ],
)
def test_what_is_not_as_specified_is_refused_with_the_field_and_the_job(fields, named):
    sentence = refused(**fields)

    assert named in sentence
    assert ulid(1) in sentence
    assert "correct and save it" in sentence


def test_lines_nested_without_end_are_refused():
    deep = line()
    for _ in range(12):
        deep = line(children=[deep])

    assert "nested" in refused(lineItems=[deep])


def paid(*allocations: dict, **payment_fields: object):
    return (
        read(records(order=order(paymentAllocations=list(allocations)), payment=payment(**payment_fields)))
        .orders[0]
        .payments
    )


def test_a_payment_before_the_session_is_a_retainer():
    (found,) = paid(allocation(), received="2026-02-27", transactionId="bank-7")

    assert (found.payment_id, found.amount, found.received_on) == (PAYMENT, Money(3_000, "EUR"), date(2026, 2, 27))
    assert found.is_retainer
    assert found.transaction_id == "bank-7"


def test_a_payment_on_the_day_of_the_session_is_none():
    (found,) = paid(allocation(), received="2026-02-28")

    assert not found.is_retainer


def test_the_day_of_the_session_is_its_local_day():
    """The session starts at half past midnight on 1 March in Berlin, which is still 28 February in UTC."""
    facts = read(
        records(
            event=event(startDate="2026-03-01"),
            order=order(paymentAllocations=[allocation()]),
            payment=payment(received="2026-02-28"),
        )
    )

    assert facts.orders[0].payments[0].is_retainer


def test_without_a_session_every_payment_is_a_retainer():
    facts = read(
        records(event=[], order=order(paymentAllocations=[allocation()]), payment=payment(received="2026-05-01"))
    )

    assert facts.orders[0].payments[0].is_retainer


def test_a_payment_without_a_date_is_no_retainer():
    (found,) = paid(allocation(), received=None)

    assert (found.received_on, found.is_retainer) == (None, False)


def test_allocations_of_one_payment_are_added_up_and_refunds_taken_off():
    (found,) = paid(
        allocation(amount=3_000, refundedAmount=1_000), allocation(id=ulid(41), amount=500, refundedAmount=None)
    )

    assert found.amount == Money(2_500, "EUR")


def test_a_payment_refunded_in_full_is_left_out():
    assert paid(allocation(refundedAmount=3_000)) == ()


def test_a_hidden_allocation_is_no_money():
    assert paid(allocation(hidden=True)) == ()


@pytest.mark.parametrize("status", ["future", "confirmed-future", "failed", "pending"])
def test_planned_and_failed_payments_are_no_money(status):
    assert paid(allocation(), status=status) == ()


def test_more_given_back_than_paid_is_refused():
    with pytest.raises(PermanentError, match="gives back more"):
        paid(allocation(refundedAmount=3_001))
