"""Each state of a PaymentIntent in our own words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.adapters.stripe_gateway.event_feed import provider_event
from billing.adapters.stripe_gateway.fields import Fields
from billing.adapters.stripe_gateway.payment_facts import method_label, payment_fact
from billing.domain.money import Money
from billing.domain.payments import PaymentStatus, Refusal


def intent(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "pi_1", "status": status, "currency": "eur", "amount_received": 0, "metadata": {}, **more}


@pytest.mark.parametrize(
    ("stripes", "ours"),
    [
        ("requires_payment_method", PaymentStatus.UNCONFIRMED),
        ("requires_confirmation", PaymentStatus.UNCONFIRMED),
        ("requires_action", PaymentStatus.REQUIRES_CLIENT),
        ("processing", PaymentStatus.PROCESSING),
        ("requires_capture", PaymentStatus.PROCESSING),
        ("succeeded", PaymentStatus.SUCCEEDED),
        ("canceled", PaymentStatus.CANCELED),
    ],
)
def test_each_status_has_its_word(stripes: str, ours: PaymentStatus) -> None:
    fact = payment_fact(intent(stripes))

    assert (fact.status, fact.refused, fact.invoice_id) == (ours, None, None)


def test_a_failed_attempt_waits_for_the_client() -> None:
    fact = payment_fact(intent("requires_payment_method", last_payment_error={"code": "card_declined"}))

    assert fact.status is PaymentStatus.REQUIRES_CLIENT
    assert fact.refused == Refusal("card_declined")


def test_a_failure_without_a_code_is_a_general_decline() -> None:
    fact = payment_fact(intent("requires_payment_method", last_payment_error={"message": "?"}))

    assert fact.refused == Refusal("generic_decline", message="?")


def test_an_old_failure_of_a_payment_that_went_on_is_no_refusal() -> None:
    fact = payment_fact(intent("processing", last_payment_error={"code": "card_declined"}))

    assert (fact.status, fact.refused) == (PaymentStatus.PROCESSING, None)


def test_our_own_charge_that_waits_for_authentication_is_a_refusal() -> None:
    ours = payment_fact(intent("requires_action", metadata={"effect_key": "k", "invoice_id": "inv_1"}))
    theirs = payment_fact(intent("requires_action", metadata={"invoice_id": "inv_1"}))

    assert ours.refused is not None
    assert ours.refused.code == "authentication_required"
    assert theirs.refused is None


def test_a_fee_that_is_not_there_yet_is_none() -> None:
    charge = {"id": "ch_1", "created": 1_700_000_000, "balance_transaction": None}
    fact = payment_fact(intent("succeeded", amount_received=500, latest_charge=charge))

    assert (fact.fee, fact.balance_transaction_id) == (None, None)
    assert fact.captured_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert fact.amount == Money(500, "EUR")


def test_what_was_not_expanded_is_known_by_its_id_alone() -> None:
    fact = payment_fact(intent("succeeded", amount_received=500, latest_charge="ch_1", customer={"id": "cus_1"}))

    assert (fact.charge_id, fact.customer_id, fact.captured_at, fact.method_label) == ("ch_1", "cus_1", None, "")


def test_the_fee_is_in_the_currency_of_the_account() -> None:
    transaction = {"id": "txn_1", "fee": 59, "currency": "usd", "created": 1_700_000_099}
    charge = {"id": "ch_1", "created": 1_700_000_000, "balance_transaction": transaction}
    fact = payment_fact(intent("succeeded", amount_received=500, latest_charge=charge))

    assert (fact.fee, fact.balance_transaction_id) == (Money(59, "USD"), "txn_1")
    assert fact.captured_at == datetime.fromtimestamp(1_700_000_099, UTC)


@pytest.mark.parametrize(
    ("details", "label"),
    [
        ({}, ""),
        ({"type": "card", "card": {"brand": "visa", "last4": "4242"}}, "Visa ending 4242"),
        ({"type": "card", "card": {"brand": "amex", "last4": "0005"}}, "American Express ending 0005"),
        ({"type": "card", "card": {"brand": "eftpos_au", "last4": "0005"}}, "Eftpos au ending 0005"),
        ({"type": "card", "card": {"brand": None}}, "Card"),
        ({"type": "card"}, "Card"),
        ({"type": "sepa_debit", "sepa_debit": {}}, "SEPA debit"),
        ({"type": "revolut_pay"}, "Revolut pay"),
    ],
)
def test_a_method_has_a_label_that_a_client_knows(details: dict[str, Any], label: str) -> None:
    assert method_label(Fields(details)) == label


@pytest.mark.parametrize(
    ("subject", "payment_id"),
    [
        ({"object": "payment_intent", "id": "pi_1"}, "pi_1"),
        ({"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}, "pi_1"),
        ({"object": "refund", "id": "re_1", "payment_intent": {"id": "pi_1"}}, "pi_1"),
        ({"object": "dispute", "id": "du_1", "payment_intent": None}, None),
        ({"object": "payout", "id": "po_1"}, None),
    ],
)
def test_an_event_names_the_payment_that_it_is_about(subject: dict[str, Any], payment_id: str | None) -> None:
    event = provider_event({"id": "evt_1", "type": "x", "created": 0, "data": {"object": subject}})

    assert (event.object_id, event.payment_id) == (subject["id"], payment_id)
