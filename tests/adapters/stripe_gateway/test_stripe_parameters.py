"""Every parameter that goes over the wire is known to the installed SDK's own types, which follow its API version."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import stripe.params

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.errors import BillingError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import SavedMethod

if TYPE_CHECKING:
    from conftest import Stub

ENDPOINTS = {
    "POST /v1/payment_links": "PaymentLinkCreateParams",
    "POST /v1/payment_links/plink_1": "PaymentLinkUpdateParams",
    "POST /v1/payment_intents": "PaymentIntentCreateParams",
    "POST /v1/payment_intents/pi_1/confirm": "PaymentIntentConfirmParams",
    "POST /v1/payment_intents/pi_1/cancel": "PaymentIntentCancelParams",
    "GET /v1/payment_intents/pi_1": "PaymentIntentRetrieveParams",
    "GET /v1/payment_intents": "PaymentIntentListParams",
    "GET /v1/events": "EventListParams",
    "GET /v1/account": "AccountRetrieveCurrentParams",
}
METHOD = SavedMethod("c1", "cus_1", "pm_1", "Visa", "v1", datetime(2026, 1, 1, tzinfo=UTC))
AMOUNT = Money(100, "USD")


def is_known(params: Any, path: list[str]) -> bool:
    """Follow `line_items[0][price_data][currency]` through the TypedDicts; a Dict takes any name."""
    if not path:
        return True
    if path[0].isdigit():
        return is_known(params, path[1:])
    if path[0] not in params.__annotations__:
        return False
    kind = str(params.__annotations__[path[0]])
    nested = re.search(r"\b(?:PaymentIntent|PaymentLink|Event|Account)\w*Params\w+", kind)
    if nested:
        return is_known(getattr(stripe.params, nested.group()), path[1:])
    return "Dict[" in kind or all(part.isdigit() for part in path[1:])


def everything_sent(gateway: StripeGateway, invoice: Invoice) -> None:
    calls = [
        lambda: gateway.create_pay_link(invoice, AMOUNT, "k"),
        lambda: gateway.close_pay_link("plink_1"),
        lambda: gateway.prepare_charge(invoice, AMOUNT, METHOD, "k"),
        lambda: gateway.confirm_charge("pi_1", "k"),
        lambda: gateway.cancel_charge("pi_1"),
        lambda: gateway.read_payment("pi_1"),
        lambda: gateway.find_charges("cus_1", "k"),
        lambda: gateway.new_events(None, 10),
        lambda: gateway.new_events("evt_1", 10),
        lambda: gateway.account(),
    ]
    for call in calls:
        with pytest.raises(BillingError):
            call()


def test_every_parameter_sent_is_one_that_the_sdk_knows(stub: Stub, invoice: Invoice) -> None:
    for _ in range(10):
        stub.will_answer({"error": {"type": "api_error", "message": "only the request matters"}}, 500)

    everything_sent(stub.gateway(statement_suffix="WEDDING"), invoice)

    assert {f"{verb} {path}" for verb, path, _, _ in stub.asked} == set(ENDPOINTS)
    unknown = [
        f"{verb} {path}: {name}"
        for verb, path, fields, _ in stub.asked
        for name in fields
        if not is_known(getattr(stripe.params, ENDPOINTS[f"{verb} {path}"]), re.findall(r"\w+", name))
    ]
    assert unknown == []


def test_the_check_itself_finds_a_parameter_that_was_removed() -> None:
    params = stripe.params.PaymentIntentCreateParams

    assert is_known(params, ["metadata", "anything"])
    assert is_known(params, ["payment_method_options", "card", "stored_credential_usage"])
    assert not is_known(params, ["payment_method_types", "0"])
    assert not is_known(params, ["payment_method_options", "card", "nonsense"])


def test_a_read_carries_no_idempotency_key_and_an_act_carries_ours(stub: Stub, invoice: Invoice) -> None:
    for _ in range(10):
        stub.will_answer({"error": {"type": "api_error", "message": "only the request matters"}}, 500)

    everything_sent(stub.gateway(), invoice)

    keys = {path: headers.get("Idempotency-Key") for verb, path, _, headers in stub.asked if verb == "POST"}
    assert keys["/v1/payment_links"] == "k"
    assert keys["/v1/payment_intents"] == "k:create"
    assert keys["/v1/payment_intents/pi_1/confirm"] == "k:confirm"
    assert not any("Idempotency-Key" in headers for verb, _, _, headers in stub.asked if verb == "GET")


def test_events_are_asked_for_by_kind_and_cursor(stub: Stub) -> None:
    stub.will_answer({"object": "list", "data": [], "has_more": False, "url": "/v1/events"})

    assert stub.gateway().new_events("evt_1", 500) == []

    [(_, _, fields, _)] = stub.asked
    assert (fields["ending_before"], fields["limit"], fields["types[0]"]) == (
        "evt_1",
        "100",
        "payment_intent.succeeded",
    )


def test_importing_the_adapter_does_not_import_stripe() -> None:
    asked = "import sys, billing.adapters.stripe_gateway; print('stripe' in sys.modules, 'httpx' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout

    assert told.split() == ["False", "False"]
