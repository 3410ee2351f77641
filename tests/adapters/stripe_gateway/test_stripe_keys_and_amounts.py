"""Keys by their prefix, and money on Stripe's wire with Stripe's exceptions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.stripe_gateway import StripeGateway, check_key
from billing.adapters.stripe_gateway.amounts import from_wire, to_wire
from billing.adapters.stripe_gateway.keys import is_live
from billing.domain.errors import PermanentError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import SavedMethod

if TYPE_CHECKING:
    from conftest import Stub


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1", "rk_live_1"])
def test_test_keys_and_restricted_live_keys_are_taken(key: str) -> None:
    check_key(key, allow_unrestricted_live=False)


def test_an_unrestricted_live_key_is_refused_unless_told_otherwise() -> None:
    check_key("sk_live_secret51", allow_unrestricted_live=True)

    with pytest.raises(PermanentError) as refused:
        check_key("sk_live_secret51", allow_unrestricted_live=False)

    assert refused.value.code == "stripe_key_unrestricted"
    assert "secret51" not in refused.value.sentence


@pytest.mark.parametrize("key", ["", "pk_live_secret51", "pk_test_secret51", "whsec_secret51"])
def test_what_is_no_secret_key_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(PermanentError) as refused:
        check_key(key, allow_unrestricted_live=True)

    assert refused.value.code == "stripe_key_not_secret"
    assert "secret51" not in refused.value.sentence


@pytest.mark.parametrize(
    ("key", "live"), [("sk_live_1", True), ("rk_live_1", True), ("sk_test_live", False), ("rk_test_1", False)]
)
def test_the_prefix_tells_the_mode(key: str, live: bool) -> None:
    assert is_live(key) is live


@pytest.mark.parametrize(
    ("money", "wire"),
    [
        (Money(12_345, "EUR"), 12_345),
        (Money(500, "JPY"), 500),
        (Money(5_120, "KWD"), 5_120),
        (Money(500, "ISK"), 500),
        (Money(5, "UGX"), 500),
    ],
)
def test_an_amount_goes_out_and_comes_back_as_stripe_counts_it(money: Money, wire: int) -> None:
    assert to_wire(money) == wire
    assert from_wire(wire, money.currency.lower()) == money


@pytest.mark.parametrize(
    ("money", "says"),
    [(Money(5_124, "KWD"), r"5\.124 KWD.*multiples of 0\.010 KWD"), (Money(550, "ISK"), r"multiples of 1\.00 ISK")],
)
def test_an_amount_that_stripe_cannot_take_is_refused_with_a_sentence(money: Money, says: str) -> None:
    with pytest.raises(PermanentError, match=says) as refused:
        to_wire(money)

    assert refused.value.code == "stripe_amount_unpayable"


def test_a_fraction_of_a_shilling_is_no_amount() -> None:
    with pytest.raises(ValueError, match="150 is no amount of UGX"):
        from_wire(150, "ugx")


@given(minor=st.integers(0, 10**9), currency=st.sampled_from(["EUR", "USD", "JPY", "UGX", "KWD", "ISK"]))
def test_every_amount_that_goes_out_comes_back_the_same(minor: int, currency: str) -> None:
    money = Money(minor * 100, currency)

    assert from_wire(to_wire(money), currency.lower()) == money


def test_shillings_are_charged_and_read_back_whole(stub: Stub, invoice: Invoice) -> None:
    method = SavedMethod("c1", "cus_1", "pm_1", "Visa", "v1", datetime(2026, 1, 1, tzinfo=UTC))
    stub.will_answer({"id": "pi_1", "object": "payment_intent"})
    transaction = {"id": "txn_1", "object": "balance_transaction", "fee": 3_000, "currency": "ugx", "created": 1}
    charge = {"id": "ch_1", "object": "charge", "created": 1, "balance_transaction": transaction}
    paid = {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "currency": "ugx"}
    stub.will_answer({**paid, "amount_received": 90_000, "latest_charge": charge})

    gateway = stub.gateway()
    gateway.prepare_charge(replace(invoice, currency="UGX"), Money(900, "UGX"), method, "k")
    fact = gateway.read_payment("pi_1")

    assert stub.asked[0][2]["amount"] == "90000"
    assert (fact.amount, fact.fee) == (Money(900, "UGX"), Money(30, "UGX"))


def test_an_unpayable_amount_is_refused_before_anything_is_sent(stub: Stub, invoice: Invoice) -> None:
    with pytest.raises(PermanentError):
        stub.gateway().create_pay_link(invoice, Money(5_124, "KWD"), "k")

    assert stub.asked == []


@pytest.mark.parametrize(
    ("minor", "currency", "code"),
    [
        (49, "USD", "stripe_amount_too_small"),
        (50, "USD", None),
        (29, "GBP", "stripe_amount_too_small"),
        (17499, "HUF", "stripe_amount_too_small"),
        (1235, "KWD", "stripe_amount_unpayable"),
        (1230, "KWD", None),
        (99_999_999, "EUR", None),
        (100_000_000, "EUR", "stripe_amount_too_large"),
        (100_000_000, "HUF", None),
        (10**13, "HUF", "stripe_amount_too_large"),
    ],
)
def test_an_amount_is_refused_before_anything_is_numbered(minor: int, currency: str, code: str | None) -> None:
    gateway = StripeGateway("sk_test_1")

    if code is None:
        gateway.check_amount(Money(minor, currency))
        return
    with pytest.raises(PermanentError) as refused:
        gateway.check_amount(Money(minor, currency))
    assert refused.value.code == code
