"""The first answer to a key is the only one, for a day."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import stripe
from stripe_sandbox import Sandbox, Wire

_CHARGE = {
    "amount": 5_000,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "confirm": True,
    "allowed_payment_method_types": ["card"],
}


def _keyed(key: str) -> Any:
    return {"idempotency_key": key}


def test_the_same_key_charges_once(sandbox: Sandbox) -> None:
    intents = sandbox.v1.payment_intents

    first, second = (intents.create(_CHARGE, _keyed("INV-7:charge")) for _ in range(2))

    assert first.id == second.id
    assert "idempotent-replayed" not in first.last_response.headers
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert sandbox.store.effect_counts() == {"stripe.charge_succeeded": 1}


def test_a_decline_is_remembered_too(sandbox: Sandbox) -> None:
    declined = {**_CHARGE, "payment_method": "pm_card_chargeDeclined"}
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            sandbox.v1.payment_intents.create(declined, _keyed("once"))

    assert sandbox.store.effect_counts() == {"stripe.charge_declined": 1}


@pytest.mark.parametrize("other", [{"amount": 6_000}, {"description": "x"}])
def test_the_same_key_with_other_parameters_is_an_error(sandbox: Sandbox, other: dict[str, object]) -> None:
    sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))

    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        sandbox.v1.payment_intents.create({**_CHARGE, **other}, _keyed("k"))


def test_the_same_key_at_another_endpoint_is_an_error(sandbox: Sandbox) -> None:
    sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))

    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        sandbox.v1.customers.create({}, _keyed("k"))


def test_a_refused_request_is_not_remembered(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        sandbox.v1.payment_intents.create({**_CHARGE, "amount": 10}, _keyed("k"))

    assert sandbox.v1.payment_intents.create(_CHARGE, _keyed("k")).status == "succeeded"


def test_a_wrong_state_is_remembered(sandbox: Sandbox) -> None:
    intent = sandbox.charge().id
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError):
            sandbox.v1.payment_intents.cancel(intent, {}, _keyed("k"))

    answer = sandbox.http.post(
        f"/v1/payment_intents/{intent}/cancel", headers={"authorization": "Bearer sk_test_x", "idempotency-key": "k"}
    )
    assert answer.headers["idempotent-replayed"] == "true"


def test_a_key_is_forgotten_after_a_day(sandbox: Sandbox) -> None:
    sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))
    sandbox.clock.advance(timedelta(hours=23, minutes=59))
    sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))
    assert sandbox.store.effect_counts() == {"stripe.charge_succeeded": 1}

    sandbox.clock.advance(timedelta(minutes=1))
    sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))

    assert sandbox.store.effect_counts() == {"stripe.charge_succeeded": 2}


def test_live_and_test_keys_are_two_books(sandbox: Sandbox) -> None:
    test = sandbox.v1.customers.create({}, _keyed("k"))
    live = sandbox.sdk("sk_live_x").v1.customers.create({}, _keyed("k"))

    assert test.id != live.id


def test_a_key_has_at_most_255_characters(sandbox: Sandbox) -> None:
    assert sandbox.v1.customers.create({}, _keyed("k" * 255)).id
    with pytest.raises(stripe.InvalidRequestError, match="at most 255"):
        sandbox.v1.customers.create({}, _keyed("k" * 256))


def test_a_500_after_the_effect_is_what_the_key_answers_from_then_on(sandbox: Sandbox) -> None:
    sandbox.admin("faults", method="POST", path_prefix="/v1/payment_intents", kind="500_after")

    for _ in range(2):
        with pytest.raises(stripe.APIError) as error:
            sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))
        assert error.value.http_status == 500

    assert sandbox.store.effect_counts() == {"stripe.charge_succeeded": 1}


@pytest.mark.parametrize(("remember", "charges"), [(False, 1), (True, 0)])
def test_a_500_before_the_effect_may_be_remembered_or_not(sandbox: Sandbox, remember: bool, charges: int) -> None:
    sandbox.admin("faults", path_prefix="/v1/payment_intents", kind="500_before", remember=remember)
    with pytest.raises(stripe.APIError):
        sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))

    if remember:
        with pytest.raises(stripe.APIError):
            sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))
    else:
        sandbox.v1.payment_intents.create(_CHARGE, _keyed("k"))

    assert sandbox.store.effect_counts().get("stripe.charge_succeeded", 0) == charges


def test_two_requests_at_once_under_one_key(wire: Wire) -> None:
    """The first is held by latency; as soon as it holds the key, a second one is turned away."""
    wire.store.set_setting("stripe:latency_ms", "400")
    outcomes: list[object] = []

    def create() -> None:
        try:
            outcomes.append(wire.sdk(max_network_retries=0).payment_intents.create(_CHARGE, _keyed("k")).status)
        except stripe.StripeError as error:
            outcomes.append((error.http_status, error.json_body["error"]["code"]))

    both = [threading.Thread(target=create) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert sorted(outcomes, key=str) == [(409, "idempotency_key_in_use"), "succeeded"]
    assert wire.store.effect_counts() == {"stripe.charge_succeeded": 1}


def test_a_get_has_no_key(sandbox: Sandbox) -> None:
    headers = {"authorization": "Bearer sk_test_x", "idempotency-key": "k"}

    for _ in range(2):
        assert "idempotent-replayed" not in sandbox.http.get("/v1/customers", headers=headers).headers


def test_what_is_kept_under_a_key_holds_no_card_number(sandbox: Sandbox) -> None:
    card = {"type": "card", "card": {"number": "4242424242424242", "exp_month": 1, "exp_year": 2030, "cvc": "987"}}
    sandbox.v1.payment_methods.create(card, _keyed("k"))

    [kept] = sandbox.store.newest("stripe.idempotency")

    assert "4242424242424242" not in str(kept)
    assert "987" not in str(kept["body"])
