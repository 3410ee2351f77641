"""What must not become an invoice by itself, each with its code and a sentence that names the order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.errors import NeedsAttention
from billing.domain.money import Money
from billing.domain.pricing import LARGEST_AMOUNT_MINOR, check_client, check_order, price_order
from billing.domain.sessions import Client, EarlierPayment, Order, OrderLine


def euros(minor: int) -> Money:
    return Money(minor, "EUR")


def order_of(minor: int, paid: int = 0) -> Order:
    return Order(
        order_id="o1",
        number="ORD-7",
        status="open",
        currency="EUR",
        lines=(OrderLine("l1", "Package", Decimal(1), euros(minor)),),
        total=euros(minor),
        balance=euros(max(0, minor - paid)),
        payments=(EarlierPayment("p1", euros(paid), None, is_retainer=True),),
    )


def refusal(order: Order) -> tuple[str, str]:
    with pytest.raises(NeedsAttention) as refused:
        check_order(order, price_order(order))
    return refused.value.code, refused.value.sentence


@pytest.mark.parametrize("status", ["open", "paid-in-full", "completed"])
def test_an_order_that_agrees_with_its_source_passes(status: str) -> None:
    order = replace(order_of(10_000, paid=3_000), status=status)

    check_order(order, price_order(order))


CASES = [
    ("order_voided", replace(order_of(100), status="voided"), "Order ORD-7 is voided"),
    ("order_draft", replace(order_of(100), status="draft"), "Order ORD-7 is still a draft"),
    ("order_without_lines", replace(order_of(0), lines=(), number=None), "Order o1 has no lines"),
    ("total_mismatch", replace(order_of(10_000), total=euros(10_001)), "100.00 EUR by its lines"),
    ("total_mismatch", replace(order_of(10_000), total=euros(10_001)), "booking system says 100.01 EUR"),
    ("balance_mismatch", replace(order_of(10_000, paid=1), balance=euros(10_000)), "leaves 99.99 EUR to pay"),
    ("balance_mismatch", replace(order_of(10_000, paid=1), balance=euros(10_000)), "says 100.00 EUR"),
    ("zero_balance", order_of(10_000, paid=12_500), "Order ORD-7 is overpaid by 25.00 EUR"),
    ("zero_balance", order_of(0), "Order ORD-7 comes to 0.00 EUR, so there is nothing left to pay"),
    ("zero_balance", order_of(0, paid=5), "Order ORD-7 is overpaid by 0.05 EUR"),
    ("amount_too_large", order_of(LARGEST_AMOUNT_MINOR + 1), "asks for 1,000,000.00 EUR"),
]


@pytest.mark.parametrize(("code", "order", "says"), CASES)
def test_an_order_that_must_not_be_billed_is_named_with_a_code(code: str, order: Order, says: str) -> None:
    refused_code, sentence = refusal(order)

    assert refused_code == code
    assert says in sentence


@pytest.mark.parametrize(("code", "order", "says"), CASES)
def test_a_refusal_is_one_sentence_and_ends_as_one(code: str, order: Order, says: str) -> None:
    _, sentence = refusal(order)

    assert sentence.startswith("Order ")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_an_order_that_was_paid_before_it_was_billed_passes() -> None:
    order = order_of(10_000, paid=10_000)

    check_order(order, price_order(order))


def test_the_largest_amount_of_one_payment_passes() -> None:
    order = order_of(LARGEST_AMOUNT_MINOR)

    check_order(order, price_order(order))


@pytest.mark.parametrize("emails", [(), ("",), (" ", "")])
def test_a_client_without_an_address_is_set_aside(emails: tuple[str, ...]) -> None:
    with pytest.raises(NeedsAttention, match=r"^Ana has no e-mail address") as refused:
        check_client(Client("c1", "Ana", emails))

    assert refused.value.code == "missing_email"


def test_a_nameless_client_is_named_by_id() -> None:
    with pytest.raises(NeedsAttention, match=r"^c1 has no e-mail address"):
        check_client(Client("c1", "", ()))


def test_a_client_with_an_address_passes() -> None:
    check_client(Client("c1", "Ana", ("ana@client.example",)))
