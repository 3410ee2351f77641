"""Replies that no sandbox gives: what is said instead of Stripe, and what each kind of call makes of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.errors import BillingError, PermanentError, TemporaryError, UnknownOutcomeError, UnreadableError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus

if TYPE_CHECKING:
    from conftest import Stub

Call = Callable[[StripeGateway], object]
READS: list[Call] = [
    lambda gateway: gateway.read_payment("pi_1"),
    lambda gateway: gateway.account(),
    lambda gateway: gateway.find_charges("cus_1", "k"),
    lambda gateway: gateway.new_events(None, 10),
]
WRITES: list[Call] = [
    lambda gateway: gateway.confirm_charge("pi_1", "k"),
    lambda gateway: gateway.cancel_charge("pi_1"),
]
SHAPELESS: list[object] = [b"", b"<html>bad gateway</html>", b"[]", b'"ok"', b"null", b"\xff\xfe"]
LACKING: list[object] = [
    {},
    {"object": "payment_intent", "id": "pi_1"},
    {"object": "payment_intent", "id": "pi_1", "status": "a_state_of_tomorrow", "currency": "usd"},
    {"object": "list", "data": [{"object": "event"}], "has_more": False, "url": "/v1/events"},
]


@pytest.mark.parametrize("body", SHAPELESS)
@pytest.mark.parametrize("call", READS)
def test_what_is_no_answer_to_a_question_may_be_asked_again(stub: Stub, call: Call, body: object) -> None:
    stub.will_answer(body)
    stub.will_answer(body)

    with pytest.raises(TemporaryError) as failed:
        call(stub.gateway())

    assert failed.value.code == "stripe_unavailable"


@pytest.mark.parametrize("body", LACKING)
@pytest.mark.parametrize("call", READS[:2])
def test_an_answer_that_lacks_what_was_asked_for_is_for_a_person(stub: Stub, call: Call, body: object) -> None:
    stub.will_answer(body)
    stub.will_answer(body)

    with pytest.raises(UnreadableError) as failed:
        call(stub.gateway())

    assert failed.value.code == "stripe_unreadable"


@pytest.mark.parametrize("body", [*SHAPELESS, *LACKING])
@pytest.mark.parametrize("call", WRITES)
def test_a_malformed_answer_to_an_act_leaves_its_outcome_unknown(stub: Stub, call: Call, body: object) -> None:
    stub.will_answer(body)

    with pytest.raises(UnknownOutcomeError) as failed:
        call(stub.gateway())

    assert failed.value.code == "stripe_unknown"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 418])
@pytest.mark.parametrize("body", [b"<html>", {"error": {"type": "api_error", "message": "?"}}, {"error": "oauth"}])
def test_a_status_that_says_nothing_certain_is_unknown_for_an_act(stub: Stub, status: int, body: object) -> None:
    stub.will_answer(body, status)
    stub.will_answer(body, status)

    with pytest.raises(UnknownOutcomeError):
        stub.gateway().confirm_charge("pi_1", "k")
    with pytest.raises(TemporaryError):
        stub.gateway().read_payment("pi_1")


def test_a_decline_without_the_payment_inside_is_unknown(stub: Stub) -> None:
    stub.will_answer({"error": {"type": "card_error", "code": "card_declined", "message": "no"}}, 402)
    stub.will_answer(b'{"error": "odd"}', 402)

    for _ in range(2):
        with pytest.raises(UnknownOutcomeError):
            stub.gateway().confirm_charge("pi_1", "k")


def test_a_decline_tells_code_advice_and_message(stub: Stub) -> None:
    intent = {"id": "pi_1", "object": "payment_intent", "status": "requires_payment_method", "currency": "eur"}
    error = {"type": "card_error", "code": "card_declined", "decline_code": "lost_card", "message": "Declined."}
    stub.will_answer({"error": {**error, "advice_code": "do_not_try_again", "payment_intent": intent}}, 402)

    fact = stub.gateway().confirm_charge("pi_1", "k")

    assert fact.status is PaymentStatus.REQUIRES_CLIENT
    assert fact.refused is not None
    assert (fact.refused.code, fact.refused.advice_code) == ("lost_card", "do_not_try_again")
    assert fact.refused.message == "Declined."


def test_a_payment_error_outside_a_charge_is_a_refusal(stub: Stub, invoice: Invoice) -> None:
    stub.will_answer({"error": {"type": "card_error", "code": "card_declined", "message": "no"}}, 402)

    with pytest.raises(PermanentError, match=r"Stripe refused the request \(card_declined\)"):
        stub.gateway().create_pay_link(invoice, Money(100, "EUR"), "k")


@pytest.mark.parametrize(("status", "code"), [(401, "stripe_unauthorized"), (403, "stripe_unauthorized")])
def test_a_key_without_the_right_is_a_permanent_error(stub: Stub, status: int, code: str) -> None:
    stub.will_answer({"error": {"type": "invalid_request_error", "message": "no"}}, status)

    with pytest.raises(PermanentError, match=r"request req_stub") as failed:
        stub.gateway().confirm_charge("pi_1", "k")

    assert failed.value.code == code


@pytest.mark.parametrize(("header", "seconds"), [("30", 30), ("soon", None), ("", None), ("-1", None), ("²", None)])
def test_the_pause_that_stripe_asks_for_is_passed_on_if_it_is_a_number(
    stub: Stub, header: str, seconds: int | None
) -> None:
    error = {"error": {"type": "invalid_request_error", "message": "slow", "code": "rate_limit"}}
    stub.will_answer(error, 429, Retry_After=header)

    with pytest.raises(TemporaryError) as later:
        stub.gateway().read_payment("pi_1")

    assert (later.value.code, later.value.retry_after_seconds) == ("stripe_rate_limited", seconds)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 429, 500])
@pytest.mark.parametrize("call", [*READS, *WRITES])
def test_no_message_ever_holds_a_key(stub: Stub, call: Call, status: int) -> None:
    secret = "sk_live_canary51H8x"
    stub.will_answer({"error": {"type": "invalid_request_error", "message": f"bad key {secret}", "code": "x"}}, status)

    with pytest.raises(BillingError) as failed:
        call(stub.gateway(secret))

    assert "canary" not in str(failed.value)


def test_a_refusal_without_words_still_makes_a_sentence(stub: Stub) -> None:
    stub.will_answer({"error": {"type": "invalid_request_error"}}, 400)

    with pytest.raises(PermanentError, match=r"Stripe refused the request \(request req_stub\): no reason given\."):
        stub.gateway().read_payment("pi_1")


@pytest.mark.parametrize("call", [*READS, *WRITES])
def test_a_connection_refused_means_that_nothing_was_sent(closed_address: str, call: Call) -> None:
    gateway = StripeGateway("sk_test_x", api_base=closed_address, timeout_seconds=5)

    with pytest.raises(TemporaryError) as failed:
        call(gateway)

    assert failed.value.code == "stripe_unreachable"


def test_silence_is_unknown_for_an_act_and_asked_again_for_a_question() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        gateway = StripeGateway("sk_test_x", api_base=address, timeout_seconds=0.1)

        with pytest.raises(UnknownOutcomeError, match=r"the line failed \(ReadTimeout\)"):
            gateway.confirm_charge("pi_1", "k")
        with pytest.raises(TemporaryError, match=r"ReadTimeout"):
            gateway.read_payment("pi_1")


def test_an_account_in_another_mode_than_the_key_is_refused(stub: Stub) -> None:
    stub.will_answer({"id": "acct_1", "object": "account"})
    stub.will_answer({"object": "balance", "livemode": True})

    with pytest.raises(PermanentError, match="acct_1 answers in live mode to a test key") as mixed:
        stub.gateway().account()

    assert mixed.value.code == "stripe_mode_mixed"


@pytest.mark.parametrize(
    ("about", "name"),
    [
        ({}, "acct_1"),
        ({"business_profile": {"name": "North Light"}}, "North Light"),
        ({"settings": {"dashboard": {"display_name": "Northern"}}, "business_profile": {"name": "x"}}, "Northern"),
        ({"settings": {"dashboard": None}, "business_profile": None}, "acct_1"),
    ],
)
def test_the_accounts_name_is_the_best_that_stripe_knows(stub: Stub, about: dict[str, object], name: str) -> None:
    stub.will_answer({"id": "acct_1", "object": "account", **about})
    stub.will_answer({"object": "balance", "livemode": False})

    assert stub.gateway().account().name == name


def test_each_step_of_a_charge_goes_out_once_with_a_key_of_its_own(stub: Stub) -> None:
    stub.will_answer({"error": {"type": "api_error", "message": "?"}}, 500)

    with pytest.raises(UnknownOutcomeError):
        stub.gateway().confirm_charge("pi_1", "effect-1")

    [(verb, path, sent, headers)] = stub.asked
    assert (verb, path, headers["Idempotency-Key"]) == ("POST", "/v1/payment_intents/pi_1/confirm", "effect-1:confirm")
    assert sent == {"off_session": "true", "expand[0]": "latest_charge.balance_transaction"}


def test_a_gateway_that_many_threads_meet_for_the_first_time_is_built_once(stub: Stub) -> None:
    gateway = stub.gateway()
    built: list[object] = []
    start = threading.Barrier(8)

    def look() -> None:
        start.wait()
        built.append(gateway._v1)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(client) for client in built}) == 1
