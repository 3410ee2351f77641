"""The table of parameters is what stripe-python says it is, and is enforced."""

from __future__ import annotations

import json

import pytest
import stripe
from stripe_params_from_sdk import ENDPOINTS, TABLE, table
from stripe_sandbox import Sandbox

from billing.sandbox.stripe.errors import StripeError
from billing.sandbox.stripe.params import checked
from billing.sandbox.stripe.routes import ROUTES


def test_the_table_is_what_the_installed_sdk_says() -> None:
    assert json.loads(TABLE.read_text()) == table()


def test_every_route_has_its_parameters() -> None:
    assert set(ROUTES) == set(ENDPOINTS)


@pytest.mark.parametrize(
    ("endpoint", "given", "code", "param"),
    [
        ("POST /v1/payment_intents", {"amount": "100"}, "parameter_missing", "currency"),
        ("POST /v1/payment_intents", {"amount": "1.5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ("POST /v1/payment_intents", {"amount": "", "currency": "usd"}, "parameter_invalid_empty", "amount"),
        ("POST /v1/payment_intents", {"amount": "1", "currency": "usd", "confirm": "yes"}, None, "confirm"),
        ("POST /v1/payment_intents", {"amount": {"a": "1"}, "currency": "usd"}, None, "amount"),
        ("POST /v1/payment_intents", {"amount": "1", "currency": "usd", "off_session": "perhaps"}, None, "off_session"),
        *(
            (
                endpoint,
                {"payment_method_types": ["card"]},
                "payment_method_types_no_longer_supported",
                "payment_method_types",
            )
            for endpoint in (
                *("POST /v1/payment_intents", "POST /v1/payment_intents/{id}", "POST /v1/payment_intents/{id}/confirm"),
                *("POST /v1/setup_intents", "POST /v1/setup_intents/{id}/confirm"),
            )
        ),
        ("POST /v1/checkout/sessions", {"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ("POST /v1/customers", {"emial": "a@example.com"}, "parameter_unknown", "emial"),
        ("POST /v1/customers", {"metadata": "x"}, None, "metadata"),
        ("POST /v1/customers", {"metadata": {str(n): "x" for n in range(51)}}, None, "metadata"),
        ("POST /v1/customers", {"metadata": {"k" * 41: "x"}}, None, f"metadata[{'k' * 41}]"),
        ("POST /v1/customers", {"metadata": {"k": "x" * 501}}, None, "metadata[k]"),
        ("POST /v1/customers", {"address": "Main Street"}, None, "address"),
        ("POST /v1/customers", {"preferred_locales": "en"}, None, "preferred_locales"),
        ("POST /v1/customers", {"tax_exempt": "maybe"}, None, "tax_exempt"),
        ("POST /v1/payment_links", {"line_items": [{"price": "p"}]}, "parameter_missing", "line_items[0][quantity]"),
        ("POST /v1/prices", {"currency": "usd", "unit_amount_decimal": "ten"}, None, "unit_amount_decimal"),
        ("POST /v1/prices", {"currency": "usd", "unit_amount_decimal": "NaN"}, None, "unit_amount_decimal"),
    ],
)
def test_a_malformed_parameter_is_refused_by_name(
    endpoint: str, given: dict[str, object], code: str | None, param: str
) -> None:
    with pytest.raises(StripeError) as refusal:
        checked(endpoint, given)

    assert refusal.value.status == 400
    assert (refusal.value.error.get("code"), refusal.value.error["param"]) == (code, param)


def test_values_come_out_in_their_types() -> None:
    given = {
        "amount": "100",
        "currency": "usd",
        "confirm": "true",
        "off_session": "recurring",
        "metadata": ["a", "b"],
        "payment_method_data": {"type": "card", "billing_details": {"email": ""}, "pix": {"x": "y"}},
        "application_fee_amount": "7",
    }

    assert checked("POST /v1/payment_intents", given) == {
        "amount": 100,
        "currency": "usd",
        "confirm": True,
        "off_session": "recurring",
        "metadata": {"0": "a", "1": "b"},
        "application_fee_amount": 7,
        "payment_method_data": {"type": "card", "billing_details": {"email": ""}, "pix": {"x": "y"}},
    }
    assert checked("POST /v1/customers", {"address": "", "metadata": ""}) == {"address": None, "metadata": None}


def test_a_misspelt_parameter_is_named_to_the_caller(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameters: emial, nmae") as refusal:
        sandbox.v1.customers.create({"emial": "a@example.com", "nmae": "Ada"})

    assert refusal.value.code == "parameter_unknown"
    assert refusal.value.param == "emial"
