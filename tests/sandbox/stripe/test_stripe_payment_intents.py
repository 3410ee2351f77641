"""What happens when a payment intent is confirmed, card by card."""

from __future__ import annotations

from datetime import timedelta

import pytest
import stripe
from stripe_sandbox import Sandbox, refused

_AT_ONCE = {"allowed_payment_method_types": ["card"], "confirm": True}


def test_a_good_card_is_charged_and_counted(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with()

    intent = sandbox.v1.payment_intents.create(
        {
            "amount": 10_000,
            "currency": "usd",
            "customer": customer,
            "payment_method": method,
            "off_session": True,
            **_AT_ONCE,
            "metadata": {"invoice_id": "INV-7"},
            "payment_method_options": {"card": {"stored_credential_usage": "unscheduled"}},
            "expand": ["latest_charge.balance_transaction", "customer", "payment_method"],
        }
    )

    assert (intent.status, intent.amount_received, intent.livemode) == ("succeeded", 10_000, False)
    assert intent.customer.email == "ada@example.com"
    assert intent.payment_method.card.last4 == "4242"
    transaction = intent.latest_charge.balance_transaction
    assert (transaction.amount, transaction.fee, transaction.net) == (10_000, 320, 9_680)
    assert intent.latest_charge.payment_method_details.card.stored_credential_usage == "unscheduled"
    [effect] = sandbox.store.effects("stripe.charge_succeeded")
    assert effect["subject"] == "INV-7"
    assert effect["detail"]["payment_intent"] == intent.id


@pytest.mark.parametrize(
    ("card", "code", "decline_code", "advice"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline", "try_again_later"),
        ("pm_card_chargeCustomerFail", "card_declined", "generic_decline", "try_again_later"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", "try_again_later"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card", "do_not_try_again"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", "do_not_try_again"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", "confirm_card_data"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "confirm_card_data"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error", "try_again_later"),
        ("pm_card_chargeDeclinedFraudulent", "card_declined", "fraudulent", "do_not_try_again"),
        ("pm_card_authenticationRequired", "authentication_required", "authentication_required", None),
    ],
)
def test_a_decline_says_why_and_leaves_the_intent_open(
    sandbox: Sandbox, card: str, code: str, decline_code: str, advice: str | None
) -> None:
    with pytest.raises(stripe.CardError) as error:
        sandbox.charge(card, off_session=True, metadata={"invoice_number": "2026-1"})

    assert refused(error) == (402, code, decline_code)
    body = error.value.json_body["error"]
    assert body.get("advice_code") == advice
    intent = sandbox.v1.payment_intents.retrieve(body["payment_intent"]["id"], {"expand": ["latest_charge"]})
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error.decline_code == decline_code
    assert (intent.latest_charge.id, intent.latest_charge.status) == (body["charge"], "failed")
    assert intent.latest_charge.failure_code == code
    [effect] = sandbox.store.effects("stripe.charge_declined")
    assert (effect["subject"], effect["detail"]["decline_code"]) == ("2026-1", decline_code)
    assert sandbox.event_types()[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_a_blocked_charge_never_reaches_the_bank(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.CardError) as error:
        sandbox.charge("pm_card_chargeDeclinedFraudulent")

    outcome = sandbox.v1.charges.retrieve(error.value.json_body["error"]["charge"]).outcome
    assert (outcome.type, outcome.reason, outcome.network_status) == (
        *("blocked", "highest_risk_level"),
        "not_sent_to_network",
    )


def test_create_then_confirm_then_nothing_more(sandbox: Sandbox) -> None:
    intents = sandbox.v1.payment_intents
    intent = intents.create({"amount": 500, "currency": "usd", "allowed_payment_method_types": ["card"]})
    assert intent.status == "requires_payment_method"
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        intents.confirm(intent.id)

    assert intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"

    with pytest.raises(stripe.InvalidRequestError) as again:
        intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert refused(again) == (400, "payment_intent_unexpected_state", None)
    with pytest.raises(stripe.InvalidRequestError, match="You cannot cancel"):
        intents.cancel(intent.id)
    assert sandbox.store.effect_counts() == {"stripe.charge_succeeded": 1}


def test_without_a_return_url_redirects_must_be_ruled_out(sandbox: Sandbox) -> None:
    intent = {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    with pytest.raises(stripe.InvalidRequestError, match="you must provide a `return_url`"):
        sandbox.v1.payment_intents.create(intent)

    for fix in (
        {"return_url": "https://studio.example"},
        {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}},
        {"automatic_payment_methods": {"enabled": False}},
        {"allowed_payment_method_types": ["card"]},
    ):
        assert sandbox.v1.payment_intents.create({**intent, **fix}).status == "succeeded"


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (49, "eur", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (0, "usd", "parameter_invalid_integer"),
        (-5, "usd", "parameter_invalid_integer"),
        (100_000_000, "usd", "amount_too_large"),
        (100, "xyz", None),
    ],
)
def test_amounts_that_stripe_would_not_charge(sandbox: Sandbox, amount: int, currency: str, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.v1.payment_intents.create({"amount": amount, "currency": currency})

    assert refused(error) == (400, code, None)


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [(10_000, "usd", 320), (10_000, "eur", 175), (10_000, "gbp", 175), (10_000, "jpy", 360), (50, "usd", 31)],
)
def test_fees_by_currency_round_half_up(sandbox: Sandbox, amount: int, currency: str, fee: int) -> None:
    charge = sandbox.charge(
        amount=amount, currency=currency, expand=["latest_charge.balance_transaction"]
    ).latest_charge

    assert charge.balance_transaction.fee == fee
    assert charge.balance_transaction.net == amount - fee


def test_three_d_secure_on_session_waits_for_the_person(sandbox: Sandbox) -> None:
    intent = sandbox.charge("pm_card_authenticationRequired", return_url="https://studio.example/back")
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")

    done = sandbox.admin("authenticate", payment_intent=intent.id, approve=True)

    assert done["status"] == "succeeded"
    charge = sandbox.v1.charges.retrieve(done["latest_charge"])
    assert charge.payment_method_details.card.three_d_secure.result == "authenticated"


def test_three_d_secure_refused_leaves_nothing_charged(sandbox: Sandbox) -> None:
    intent = sandbox.charge("pm_card_threeDSecure2Required")
    assert intent.next_action.type == "use_stripe_sdk"

    done = sandbox.admin("authenticate", payment_intent=intent.id, approve=False)

    assert done["status"] == "requires_payment_method"
    assert done["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert sandbox.store.effect_counts() == {}
    assert (
        "waits for no authentication"
        in sandbox.admin("authenticate", 400, payment_intent=intent.id)["error"]["message"]
    )


def test_authentication_may_be_made_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.CardError) as error:
        sandbox.charge("pm_card_authenticationRequired", error_on_requires_action=True)

    assert refused(error)[1] == "authentication_required"


def test_a_card_that_is_set_up_needs_no_authentication_later(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create().id
    setup = sandbox.v1.setup_intents.create(
        {
            "customer": customer,
            "payment_method": "pm_card_authenticationRequiredOnSetup",
            "confirm": True,
            "allowed_payment_method_types": ["card"],
        }
    )
    assert setup.status == "requires_action"
    ready = sandbox.admin("authenticate", setup_intent=setup.id, approve=True)

    paid = sandbox.charge(ready["payment_method"], customer=customer, off_session=True)

    assert paid.status == "succeeded"


def test_the_same_card_not_set_up_is_declined_off_session(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with("pm_card_authenticationRequiredOnSetup")

    with pytest.raises(stripe.CardError) as error:
        sandbox.charge(method, customer=customer, off_session=True)

    assert refused(error)[1] == "authentication_required"


def test_paying_with_setup_future_usage_keeps_the_card(sandbox: Sandbox) -> None:
    customer = sandbox.v1.customers.create().id

    intent = sandbox.charge(customer=customer, setup_future_usage="off_session")

    [kept] = sandbox.v1.customers.payment_methods.list(customer).data
    assert kept.id == intent.payment_method
    assert sandbox.charge(kept.id, customer=customer, off_session=True).status == "succeeded"


def test_a_method_used_once_without_a_customer_is_spent(sandbox: Sandbox) -> None:
    spent = sandbox.charge().payment_method

    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        sandbox.charge(spent)


def test_a_method_of_another_customer_is_refused(sandbox: Sandbox) -> None:
    _, method = sandbox.customer_with()
    other = sandbox.v1.customers.create().id

    for wrong in ({}, {"customer": other}):
        with pytest.raises(stripe.InvalidRequestError, match="belongs to the Customer"):
            sandbox.charge(method, **wrong)


def test_a_bank_debit_is_processing_until_the_bank_answers(sandbox: Sandbox) -> None:
    bank = {"allowed_payment_method_types": ["us_bank_account"]}
    first, second = (sandbox.charge("pm_usBankAccount", **bank) for _ in range(2))
    assert (first.status, first.amount_received, first.latest_charge.status) == ("processing", 0, "pending")
    assert sandbox.store.effect_counts() == {}
    sandbox.clock.advance(timedelta(days=4))

    assert sandbox.admin("settle", payment_intent=first.id)["status"] == "succeeded"
    returned = sandbox.admin("settle", payment_intent=second.id, failure="insufficient_funds")

    assert returned["status"] == "requires_payment_method"
    assert returned["last_payment_error"]["code"] == "insufficient_funds"
    transaction = sandbox.v1.balance_transactions.list({"source": first.latest_charge.id}).data[0]
    assert (transaction.type, transaction.fee) == ("payment", 80)
    assert sandbox.store.effect_counts() == {"stripe.charge_declined": 1, "stripe.charge_succeeded": 1}
    assert "not processing" in sandbox.admin("settle", 400, payment_intent=first.id)["error"]["message"]


def test_a_kind_of_payment_that_the_intent_does_not_take(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        sandbox.charge("pm_usBankAccount")

    assert refused(error)[1] == "payment_intent_incompatible_payment_method"


def test_update_and_cancel(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with()
    intents = sandbox.v1.payment_intents
    intent = intents.create({"amount": 500, "currency": "usd", "metadata": {"a": "1", "b": "2"}})

    changed = intents.update(
        intent.id,
        {
            "amount": 700,
            "currency": "eur",
            "customer": customer,
            "payment_method": method,
            "metadata": {"a": "", "c": "3"},
            "description": "Portraits",
        },
    )
    canceled = intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    assert (changed.status, changed.amount, changed.currency) == ("requires_confirmation", 700, "eur")
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError) as error:
        intents.update(intent.id, {"amount": 900})
    assert refused(error)[1] == "payment_intent_unexpected_state"
    assert intents.update(intent.id, {"metadata": ""}).metadata.to_dict() == {}


def test_what_belongs_to_a_confirmation_needs_confirm(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="when `confirm=true`"):
        sandbox.v1.payment_intents.create({"amount": 500, "currency": "usd", "off_session": True})
    with pytest.raises(stripe.InvalidRequestError, match="capture_method=manual"):
        sandbox.v1.payment_intents.create({"amount": 500, "currency": "usd", "capture_method": "manual"})


def test_confirm_may_bring_the_means_and_the_options_with_it(sandbox: Sandbox) -> None:
    intents = sandbox.v1.payment_intents
    types = {"allowed_payment_method_types": ["card", "us_bank_account"]}
    by_card, by_bank = (intents.create({"amount": 500, "currency": "usd", **types}).id for _ in range(2))

    paid = intents.confirm(
        by_card,
        {
            "payment_method": "pm_card_visa",
            "receipt_email": "ada@example.com",
            "expand": ["latest_charge"],
            "payment_method_options": {"card": {"stored_credential_usage": "installment"}},
        },
    )
    debited = intents.confirm(by_bank, {"payment_method_data": {"type": "us_bank_account"}})

    assert (paid.status, debited.status) == ("succeeded", "processing")
    assert paid.latest_charge.receipt_email == "ada@example.com"
    assert paid.latest_charge.payment_method_details.card.stored_credential_usage == "installment"


def test_a_saved_card_can_go_bad(sandbox: Sandbox) -> None:
    customer, method = sandbox.customer_with()
    sandbox.admin(f"payment_methods/{method}", behaves_as="4000000000009995")

    with pytest.raises(stripe.CardError) as error:
        sandbox.charge(method, customer=customer, off_session=True)

    assert refused(error) == (402, "card_declined", "insufficient_funds")
    sandbox.admin(f"payment_methods/{method}", behaves_as="succeeds")
    assert sandbox.charge(method, customer=customer, off_session=True).status == "succeeded"
    assert "behaves_as" in sandbox.admin(f"payment_methods/{method}", 400, behaves_as="well")["error"]["message"]


def test_authentication_then_a_decline(sandbox: Sandbox) -> None:
    intent = sandbox.charge("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")

    answer = sandbox.http.post("/admin/authenticate", json={"payment_intent": intent.id})

    assert answer.json()["last_payment_error"]["decline_code"] == "insufficient_funds"
