"""Whatever Stripe calls optional may be null or left out; what is missing beyond that is named, and nothing crashes.

Which fields are optional is read from the annotations of stripe-python, so that a new version is asked anew.
"""

from __future__ import annotations

import copy
import typing
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import stripe

from billing.adapters.stripe_gateway.event_feed import provider_event
from billing.adapters.stripe_gateway.fields import Malformed, Shapeless
from billing.adapters.stripe_gateway.payment_facts import declined_fact, payment_fact
from billing.adapters.stripe_gateway.settlement_facts import dispute_fact, movement, payout_fact, refund_fact
from billing.domain.errors import TemporaryError, UnknownOutcomeError, UnreadableError
from billing.domain.settlements import RefundStatus

if TYPE_CHECKING:
    from conftest import Stub

Wire = dict[str, Any]
AT = 1_700_000_000

CARD: Wire = {"brand": "visa", "last4": "4242"}
MOVED: Wire = {
    "object": "balance_transaction", "id": "txn_1", "type": "charge", "reporting_category": "charge",
    "source": {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, "amount": 500, "currency": "eur",
    "fee": 15, "created": AT, "description": "Invoice",
}  # fmt: skip
CHARGE: Wire = {
    "object": "charge", "id": "ch_1", "created": AT, "balance_transaction": MOVED,
    "payment_method_details": {"type": "card", "card": CARD},
}  # fmt: skip
PAYMENT: Wire = {
    "object": "payment_intent", "id": "pi_1", "status": "succeeded", "amount_received": 500, "currency": "eur",
    "metadata": {"invoice_id": "inv_1", "effect_key": "k"}, "latest_charge": CHARGE, "customer": "cus_1",
}  # fmt: skip
DECLINED: Wire = {
    "error": {
        "code": "card_declined", "decline_code": "lost_card", "advice_code": "do_not_try_again", "message": "No.",
        "payment_intent": PAYMENT | {"status": "requires_payment_method"},
    },
}  # fmt: skip
REFUND: Wire = {
    "object": "refund", "id": "re_1", "payment_intent": "pi_1", "amount": 500, "currency": "eur",
    "status": "succeeded", "reason": "duplicate", "metadata": {"effect_key": "k", "reason": "sorry"}, "created": AT,
    "balance_transaction": MOVED, "failure_balance_transaction": MOVED,
}  # fmt: skip
DISPUTE: Wire = {
    "object": "dispute", "id": "dp_1", "payment_intent": "pi_1", "amount": 500, "currency": "eur",
    "status": "needs_response", "reason": "fraudulent", "created": AT, "evidence_details": {"due_by": AT},
    "balance_transactions": [MOVED],
}  # fmt: skip
PAYOUT: Wire = {
    "object": "payout", "id": "po_1", "amount": 500, "currency": "eur", "status": "paid", "automatic": True,
    "reconciliation_status": "completed", "created": AT, "arrival_date": AT, "balance_transaction": MOVED,
    "failure_balance_transaction": MOVED,
}  # fmt: skip
EVENT: Wire = {
    "object": "event", "id": "evt_1", "type": "refund.updated", "created": AT, "livemode": False, "account": None,
    "data": {"object": REFUND},
}  # fmt: skip

READERS: list[tuple[Callable[[Any], object], Wire]] = [
    (payment_fact, PAYMENT), (declined_fact, DECLINED), (refund_fact, REFUND), (dispute_fact, DISPUTE),
    (payout_fact, PAYOUT), (movement, MOVED), (provider_event, EVENT),
]  # fmt: skip
# What each part of a sample is to the SDK.
CLASSES: dict[str, Any] = {
    "payment_intent": stripe.PaymentIntent, "charge": stripe.Charge, "refund": stripe.Refund,
    "balance_transaction": stripe.BalanceTransaction, "dispute": stripe.Dispute, "payout": stripe.Payout,
    "event": stripe.Event, "payment_method_details": stripe.Charge.PaymentMethodDetails,
    "card": stripe.Charge.PaymentMethodDetails.Card, "evidence_details": stripe.Dispute.EvidenceDetails,
    "error": stripe.PaymentIntent.LastPaymentError,
}  # fmt: skip
Path = tuple[str | int, ...]


def fields_of(part: Any, path: Path = ()) -> Iterator[Path]:
    """The way to every field of a sample, however deep."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield (*path, name)
            yield from fields_of(value, (*path, name))
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from fields_of(value, (*path, number))


def changed(sample: Wire, path: Path, value: object = None, leave_out: bool = False) -> Wire:
    copied = copy.deepcopy(sample)
    part: Any = copied
    for step in path[:-1]:
        part = part[step]
    if leave_out:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return copied


def is_optional(sample: Wire, path: Path) -> bool:
    part: Any = sample
    for step in path[:-1]:
        part = part[step]
    holder = next((step for step in reversed(path[:-1]) if isinstance(step, str)), "")
    kind = part.get("object")
    what = CLASSES.get(kind if isinstance(kind, str) else holder)
    annotation = getattr(what, "__annotations__", {}).get(path[-1])
    return type(None) in typing.get_args(annotation)


ALL = [(read, sample, path) for read, sample in READERS for path in fields_of(sample)]
OPTIONAL = [
    (read, sample, path)
    for read, sample, path in ALL
    if is_optional(sample, path) and path != ("error", "payment_intent")  # without it nobody knows which was declined
]


def test_the_sdk_says_of_many_fields_that_we_read_that_they_may_be_null() -> None:
    named = {".".join(str(step) for step in path) for _, _, path in OPTIONAL}

    assert len(OPTIONAL) > 60
    assert {"status", "latest_charge", "payment_intent", "evidence_details.due_by", "metadata"} <= named


@pytest.mark.parametrize("leave_out", [False, True])
def test_an_optional_field_may_be_null_or_left_out(leave_out: bool) -> None:
    for read, sample, path in OPTIONAL:
        assert read(changed(sample, path, leave_out=leave_out)) is not None, path


@pytest.mark.parametrize("leave_out", [False, True])
def test_what_must_be_there_and_is_not_is_named(leave_out: bool) -> None:
    lacking = set()
    for read, sample, path in ALL:
        try:
            read(changed(sample, path, leave_out=leave_out))
        except Malformed as error:
            lacking.add((read.__name__, str(error)))

    assert ("refund_fact", "lacks `currency` of refund re_1") in lacking
    assert ("payment_fact", "lacks `latest_charge.balance_transaction.fee` of balance_transaction txn_1") in lacking
    assert ("payout_fact", "lacks `arrival_date` of payout po_1") in lacking
    assert ("declined_fact", "lacks `error.payment_intent`") in lacking
    assert ("provider_event", "lacks `data.object.id`") in lacking


@pytest.mark.parametrize("odd", [{}, [], [None], {"id": []}, 1.5, True, -1, 10**30, "", "a_word_of_tomorrow", "2026"])
def test_nothing_that_a_field_may_be_is_more_than_malformed(odd: object) -> None:
    for read, sample, path in ALL:
        try:
            read(changed(sample, path, odd))
        except (Malformed, Shapeless):
            continue


def test_a_word_of_tomorrow_is_named_and_not_guessed_at() -> None:
    with pytest.raises(Malformed, match=r"has a `status` that cannot be understood \('lost_in_space'\) of refund re_1"):
        refund_fact(REFUND | {"status": "lost_in_space"})


def test_a_refund_without_a_status_is_under_way() -> None:
    assert refund_fact(REFUND | {"status": None}).status is RefundStatus.PENDING


def test_a_refund_or_dispute_that_names_no_payment_is_of_the_one_that_was_asked_about() -> None:
    assert refund_fact(REFUND | {"payment_intent": None}, "pi_9").payment_id == "pi_9"
    assert dispute_fact(DISPUTE | {"payment_intent": None}, "pi_9").payment_id == "pi_9"


def test_an_answer_that_lacks_a_field_is_told_by_field_request_and_its_id(stub: Stub) -> None:
    stub.will_answer({name: value for name, value in PAYMENT.items() if name != "currency"})

    with pytest.raises(UnreadableError) as unreadable:
        stub.gateway().read_payment("pi_1")

    said = "Stripe's answer to GET /v1/payment_intents/pi_1 lacks `currency` of payment_intent pi_1 (request req_stub)"
    assert unreadable.value.sentence == f"{said}; look at it in Stripe's dashboard."
    assert unreadable.value.code == "stripe_unreadable"


def test_of_an_act_it_is_said_that_nobody_knows(stub: Stub) -> None:
    stub.will_answer({"object": "payment_intent", "id": "pi_1", "status": "succeeded", "currency": "eur"})

    with pytest.raises(UnknownOutcomeError) as unknown:
        stub.gateway().confirm_charge("pi_1", "k")

    assert "POST /v1/payment_intents/pi_1/confirm lacks `amount_received` of payment_intent pi_1" in str(unknown.value)
    assert "(request req_stub): it may or may not have been done" in unknown.value.sentence


def test_an_answer_of_another_shape_says_so(stub: Stub) -> None:
    stub.will_answer(b"[]")

    with pytest.raises(TemporaryError) as unusable:
        stub.gateway().read_payment("pi_1")

    assert "its answer to GET /v1/payment_intents/pi_1 is no object (request req_stub)" in unusable.value.sentence


def test_one_event_that_cannot_be_read_is_kept_with_the_reason_and_those_behind_it_are_read(stub: Stub) -> None:
    odd = EVENT | {"id": "evt_odd", "created": "soon", "data": {"object": {"object": "charge"}}}
    stub.will_answer({"object": "list", "url": "/v1/events", "has_more": False, "data": [EVENT, odd, EVENT]})

    [first, second, third] = stub.gateway().new_events(None, 10)

    assert (first.problem, third.problem) == ("", "")
    assert (second.event_id, second.object_id, second.payment_id) == ("evt_odd", "evt_odd", None)
    assert second.problem.startswith("Stripe's answer to GET /v1/events has a `created` that cannot be understood")


def test_a_page_or_a_list_without_metadata_is_somebody_elses(stub: Stub) -> None:
    bare = {"object": "payment_link", "id": "plink_1", "url": "https://pay.example", "metadata": None}
    theirs = {"object": "payment_intent", "id": "pi_9", "metadata": None}
    for data in ([bare], [theirs]):
        stub.will_answer({"object": "list", "url": "/v1/x", "has_more": False, "data": data})

    assert stub.gateway().find_pay_link("inv_1", "k") is None
    assert stub.gateway().find_charges("cus_1", "k") == []
