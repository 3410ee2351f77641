"""The ways a line to Stripe breaks, over a real socket, as the SDK sees them; and what had really been done."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
import stripe
from stripe_sandbox import Sandbox, Wire

from billing.sandbox.store import Store
from billing.sandbox.stripe import faults

_CHARGE = {
    "amount": 5_000,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "confirm": True,
    "allowed_payment_method_types": ["card"],
}


def _order(wire: Wire, **fault: Any) -> None:
    answer = httpx.post(f"{wire.url}/admin/faults", json={"path_prefix": "/v1/payment_intents", **fault})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("kind", "error", "charges"),
    [
        ("500_before", stripe.APIError, 0),
        ("500_after", stripe.APIError, 1),
        ("reset_before", stripe.APIConnectionError, 0),
        ("reset", stripe.APIConnectionError, 1),
        ("truncate", stripe.APIConnectionError, 1),
        ("wrong_length", stripe.APIError, 1),
        ("429", stripe.RateLimitError, 0),
        ("409", stripe.APIError, 0),
    ],
)
def test_each_fault_breaks_the_answer_and_does_or_does_not_charge(
    wire: Wire, kind: str, error: type[stripe.StripeError], charges: int
) -> None:
    _order(wire, kind=kind, method="POST")
    sdk = wire.sdk(max_network_retries=0)

    with pytest.raises(error):
        sdk.payment_intents.create(_CHARGE, {"idempotency_key": "k"})

    assert wire.store.effect_counts().get("stripe.charge_succeeded", 0) == charges
    assert sdk.payment_intents.create(_CHARGE).status == "succeeded"


@pytest.mark.parametrize(("kind", "charges"), [("timeout", 1), ("timeout_before", 0)])
def test_a_caller_that_waits_too_long_does_not_know(wire: Wire, kind: str, charges: int) -> None:
    _order(wire, kind=kind, delay_ms=400)
    client = stripe.RequestsClient(timeout=0.15)

    with pytest.raises(stripe.APIConnectionError):
        wire.sdk(max_network_retries=0, http_client=client).payment_intents.create(_CHARGE)
    client.close()

    assert wire.store.effect_counts().get("stripe.charge_succeeded", 0) == charges


def test_the_same_key_tells_what_became_of_a_lost_answer(wire: Wire) -> None:
    _order(wire, kind="reset", path_suffix="/confirm")
    intents = wire.sdk(max_network_retries=0).payment_intents
    intent = intents.create({name: value for name, value in _CHARGE.items() if name != "confirm"})

    with pytest.raises(stripe.APIConnectionError):
        intents.confirm(intent.id, {}, {"idempotency_key": "k"})
    told = intents.confirm(intent.id, {}, {"idempotency_key": "k"})

    assert told.status == "succeeded"
    assert wire.store.effect_counts() == {"stripe.charge_succeeded": 1}


def test_the_sdk_gets_over_a_rate_limit_by_itself(sandbox: Sandbox) -> None:
    sandbox.admin("faults", kind="429", retry_after=7)
    answer = sandbox.http.get("/v1/account", headers={"authorization": "Bearer sk_test_x"})

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["code"] == "rate_limit"


def test_faults_are_used_up_listed_and_forgotten(sandbox: Sandbox) -> None:
    sandbox.admin("faults", kind="500_before", method="POST", path_prefix="/v1/customers", times=2)
    assert sandbox.v1.customers.list().data == []
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            sandbox.v1.customers.create()
    assert sandbox.v1.customers.create().id
    sandbox.admin("faults", kind="reset")

    assert [fault["kind"] for fault in sandbox.http.get("/admin/faults").json()["data"]] == ["reset"]
    assert sandbox.http.delete("/admin/faults").json()["data"] == []
    assert sandbox.v1.customers.list().data


def test_faults_survive_a_restart(tmp_path: Any) -> None:
    first = Store(tmp_path / "world.sqlite")
    faults.order(first, {"kind": "429"})
    first.close()

    second = Store(tmp_path / "world.sqlite")
    fault = faults.take(second, "GET", "/v1/account")
    second.close()

    assert fault is not None
    assert fault["kind"] == "429"


@pytest.mark.parametrize("wrong", [{"kind": "explosion"}, {"kind": "429", "colour": "red"}])
def test_faults_that_do_not_exist(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    assert (
        "There is no fault" in (text := sandbox.admin("faults", 400, **wrong)["error"]["message"]) or "colour" in text
    )


def test_latency_is_added_to_each_call_of_the_api(sandbox: Sandbox) -> None:
    sandbox.admin("latency", latency_ms=60)
    started = time.monotonic()
    sandbox.v1.customers.list()
    assert time.monotonic() - started >= 0.06

    sandbox.admin("latency", latency_ms=0)
    assert faults.latency_seconds(sandbox.store) == 0


def test_the_oracle_is_open_to_read(sandbox: Sandbox) -> None:
    sandbox.charge(metadata={"invoice_id": "INV-7"})

    [effect] = sandbox.http.get("/admin/effects", params={"kind": "stripe.charge_succeeded"}).json()["data"]

    assert (effect["subject"], effect["detail"]["amount"]) == ("INV-7", 10_000)
    assert sandbox.http.get("/admin/effects").json()["data"] == [effect]
