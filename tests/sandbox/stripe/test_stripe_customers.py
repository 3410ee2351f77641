"""Customers, and the cards that are saved for them."""

from __future__ import annotations

import pytest
import stripe
from stripe_sandbox import Sandbox, refused

_CARD = {"number": "4242424242424242", "exp_month": 4, "exp_year": 2030, "cvc": "123"}


def test_a_customer_is_created_changed_found_and_deleted(sandbox: Sandbox) -> None:
    customers = sandbox.v1.customers
    ada = customers.create({"email": "ada@example.com", "name": "Ada", "metadata": {"job": "J1"}})
    customers.create({"email": "bo@example.com"})

    customers.update(ada.id, {"name": "", "metadata": {"job": "", "session": "S1"}, "address": {"city": "Oslo"}})

    assert customers.retrieve(ada.id).to_dict()["address"] == {"city": "Oslo"}
    assert customers.retrieve(ada.id).name is None
    assert customers.retrieve(ada.id).metadata.to_dict() == {"session": "S1"}
    assert [found.id for found in customers.list({"email": "ada@example.com"}).data] == [ada.id]
    assert customers.delete(ada.id).deleted is True
    assert customers.retrieve(ada.id).deleted is True
    assert customers.list({"email": "ada@example.com"}).data == []
    assert sandbox.event_types() == ["customer.created", "customer.created", "customer.updated", "customer.deleted"]


def test_an_email_that_is_taken_away_finds_nobody(sandbox: Sandbox) -> None:
    ada = sandbox.v1.customers.create({"email": "ada@example.com"})

    sandbox.v1.customers.update(ada.id, {"email": ""})

    assert sandbox.v1.customers.list({"email": "ada@example.com"}).data == []


def test_a_default_card_must_be_the_customers_own(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with()
    stranger = sandbox.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}}).id

    sandbox.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})

    assert sandbox.v1.customers.retrieve(customer).invoice_settings.default_payment_method == method
    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.v1.customers.update(customer, {"invoice_settings": {"default_payment_method": stranger}})
    assert refused(error)[:2] == (400, "resource_missing")


def test_deleting_a_customer_takes_the_cards_away(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with()

    sandbox.v1.customers.delete(customer)

    assert sandbox.v1.payment_methods.retrieve(method).customer is None


def test_a_customer_may_be_created_with_a_card(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create({"payment_method": "pm_card_mastercard"})

    [card] = sandbox.v1.payment_methods.list({"customer": customer.id, "type": "card"}).data
    assert card.card.brand == "mastercard"


def test_what_is_missing_is_404_by_address_and_400_by_parameter(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError) as by_address:
        sandbox.v1.customers.retrieve("cus_nobody")
    with pytest.raises(stripe.InvalidRequestError) as by_parameter:
        sandbox.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": "cus_nobody"})

    assert refused(by_address)[:2] == (404, "resource_missing")
    assert refused(by_parameter)[:2] == (400, "resource_missing")
    assert by_parameter.value.param == "customer"


def test_live_and_test_objects_do_not_see_each_other(sandbox: Sandbox) -> None:
    live = sandbox.sdk("rk_live_x").v1.customers.create({"email": "ada@example.com"})

    assert live.livemode is True
    assert sandbox.v1.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="a similar object exists in live mode"):
        sandbox.v1.customers.retrieve(live.id)


@pytest.mark.parametrize(
    "card",
    [
        *("pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds", "pm_card_chargeDeclinedExpiredCard"),
        "pm_card_chargeDeclinedFraudulent",
    ],
)
def test_cards_that_decline_cannot_be_attached(sandbox: Sandbox, card: str) -> None:
    customer = sandbox.v1.customers.create().id

    with pytest.raises(stripe.CardError):
        sandbox.v1.payment_methods.attach(card, {"customer": customer})

    assert sandbox.v1.payment_methods.list({"customer": customer}).data == []


def test_attach_once_again_to_another_and_detach(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with("pm_card_chargeCustomerFail")
    methods, other = sandbox.v1.payment_methods, sandbox.v1.customers.create().id

    assert methods.attach(method, {"customer": customer}).id == method
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        methods.attach(method, {"customer": other})
    assert methods.detach(method).customer is None
    for act in (lambda: methods.detach(method), lambda: methods.attach(method, {"customer": customer})):
        with pytest.raises(stripe.InvalidRequestError):
            act()
    with pytest.raises(stripe.InvalidRequestError) as nobody:
        methods.attach("pm_card_visa", {})
    assert refused(nobody)[1] == "parameter_missing"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "42"}, "incorrect_number"),
        ({"number": "not a number"}, "incorrect_number"),
        ({"exp_year": 2025}, "invalid_expiry_year"),
        ({"exp_year": 2099}, "invalid_expiry_year"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"cvc": "12"}, "invalid_cvc"),
        ({"number": "378282246310005"}, "invalid_cvc"),
    ],
)
def test_a_card_that_is_mistyped(sandbox: Sandbox, change: dict[str, object], code: str) -> None:
    with pytest.raises(stripe.CardError) as error:
        sandbox.v1.payment_methods.create({"type": "card", "card": {**_CARD, **change}})

    assert refused(error)[:2] == (402, code)


def test_a_real_looking_card_is_declined_in_test_mode(sandbox: Sandbox) -> None:
    method = sandbox.v1.payment_methods.create({"type": "card", "card": {**_CARD, "number": "4539578763621486"}})

    with pytest.raises(stripe.CardError) as error:
        sandbox.charge(method.id)

    assert refused(error)[2] == "test_mode_live_card"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"type": "pix"},
        {"type": "card"},
        {"type": "card", "card": {"token": "tok_nothing"}},
    ],
)
def test_payment_methods_that_cannot_be_made(sandbox: Sandbox, params: dict[str, object]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.payment_methods.create(params)


def test_a_payment_method_keeps_who_pays_and_may_be_changed(sandbox: Sandbox) -> None:
    methods = sandbox.v1.payment_methods
    card = methods.create({"type": "card", "card": _CARD, "billing_details": {"name": "Ada"}, "metadata": {"a": "1"}})
    bank = methods.create({"type": "us_bank_account", "us_bank_account": {"account_number": "000123456789"}})

    changed = methods.update(card.id, {"card": {"exp_year": 2032}, "metadata": {"a": ""}})
    methods.update(bank.id, {"billing_details": {"email": "ada@example.com"}})

    assert (changed.billing_details.name, changed.card.exp_year, changed.metadata.to_dict()) == ("Ada", 2032, {})
    assert methods.retrieve(bank.id).us_bank_account.last4 == "6789"
    assert methods.retrieve("pm_card_visa").card.brand == "visa"
    with pytest.raises(stripe.InvalidRequestError):
        methods.list({})


def test_setup_intents_save_a_card_with_consent(sandbox: Sandbox) -> None:
    customer, setups = sandbox.v1.customers.create().id, sandbox.v1.setup_intents
    intent = setups.create({"customer": customer, "metadata": {"consent": "2026-03"}})
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        setups.confirm(intent.id)
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        setups.confirm(intent.id, {"payment_method": "pm_card_visa"})

    done = setups.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": "https://studio.example"})

    assert (done.status, done.usage) == ("succeeded", "off_session")
    assert sandbox.v1.payment_methods.retrieve(done.payment_method).customer == customer
    assert setups.list({"customer": customer}).data[0].id == intent.id
    assert setups.retrieve(intent.id).metadata.to_dict() == {"consent": "2026-03"}
    assert sandbox.event_types()[-2:] == ["payment_method.attached", "setup_intent.succeeded"]
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        setups.cancel(intent.id)


def test_setup_intents_that_fail_stay_open(sandbox: Sandbox) -> None:
    setups, types = sandbox.v1.setup_intents, {"allowed_payment_method_types": ["card"]}
    intent = setups.create(types)
    with pytest.raises(stripe.CardError) as error:
        setups.confirm(intent.id, {"payment_method": "pm_card_chargeDeclined"})
    assert refused(error) == (402, "card_declined", "generic_decline")
    assert setups.retrieve(intent.id).status == "requires_payment_method"

    card = {"type": "card", "card": {**_CARD, "number": "4000002500003155"}}
    method = sandbox.v1.payment_methods.create(card).id
    waiting = setups.confirm(intent.id, {"payment_method": method})
    assert waiting.status == "requires_action"
    assert sandbox.admin("authenticate", setup_intent=intent.id, approve=False)["status"] == "requires_payment_method"
    sandbox.admin("authenticate", 400, setup_intent=intent.id)
    assert setups.cancel(intent.id, {"cancellation_reason": "abandoned"}).status == "canceled"


def test_a_bank_account_may_be_set_up_with_its_data(sandbox: Sandbox) -> None:
    bank = {"type": "us_bank_account", "us_bank_account": {"account_number": "000123456789"}}

    intent = sandbox.v1.setup_intents.create(
        {"payment_method_data": bank, "confirm": True, "allowed_payment_method_types": ["us_bank_account"]}
    )

    assert intent.status == "succeeded"


def test_a_setup_intent_takes_no_card_of_another_customer(sandbox: Sandbox) -> None:
    _, method = sandbox.customer_with()
    other = sandbox.v1.customers.create().id

    with pytest.raises(stripe.InvalidRequestError, match="another customer"):
        sandbox.v1.setup_intents.create({"customer": other, "payment_method": method})
