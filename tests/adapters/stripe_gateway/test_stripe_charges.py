"""Off-session charges against the sandbox: prepared, confirmed, declined, lost on the way, found again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.errors import PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.invoices import Invoice
from billing.domain.money import Money
from billing.domain.payments import NextStep, PaymentStatus, next_step

if TYPE_CHECKING:
    from conftest import FarSide

AMOUNT = Money(15_000, "USD")


def charges_of(far_side: FarSide, invoice: Invoice) -> int:
    return sum(effect["subject"] == invoice.invoice_id for effect in far_side.charged())


def test_a_prepared_charge_moves_no_money(far_side: FarSide, gateway: StripeGateway, invoice: Invoice) -> None:
    method = far_side.customer_with("pm_card_visa")

    payment_id = gateway.prepare_charge(invoice, AMOUNT, method, invoice.invoice_id)

    fact = gateway.read_payment(payment_id)
    assert (fact.status, fact.amount, fact.captured_at) == (PaymentStatus.UNCONFIRMED, Money(0, "USD"), None)
    assert (fact.invoice_id, fact.customer_id, fact.method_label) == (invoice.invoice_id, method.customer_id, "")
    assert charges_of(far_side, invoice) == 0


def test_a_confirmed_charge_tells_amount_fee_and_card(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_card_visa"), invoice.invoice_id)

    fact = gateway.confirm_charge(payment_id, invoice.invoice_id)

    assert (fact.provider, fact.payment_id, fact.status, fact.amount) == (
        "stripe",
        payment_id,
        PaymentStatus.SUCCEEDED,
        AMOUNT,
    )
    assert (fact.fee, fact.method_label, fact.refused) == (Money(465, "USD"), "Visa ending 4242", None)
    assert fact.charge_id is not None
    assert fact.charge_id.startswith("ch_")
    assert fact.balance_transaction_id is not None
    assert fact.captured_at is not None
    assert fact.captured_at.utcoffset() == timedelta(0)
    assert gateway.read_payment(payment_id) == fact
    assert charges_of(far_side, invoice) == 1


def test_preparing_and_confirming_again_under_the_same_key_charges_once(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    method = far_side.customer_with("pm_card_visa")

    payment_ids = {gateway.prepare_charge(invoice, AMOUNT, method, invoice.invoice_id) for _ in range(3)}
    facts = {gateway.confirm_charge(payment_id, invoice.invoice_id) for payment_id in payment_ids for _ in range(3)}

    assert len(payment_ids) == len(facts) == 1
    assert charges_of(far_side, invoice) == 1


def test_a_key_that_stripe_has_forgotten_does_not_charge_again(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_card_visa"), invoice.invoice_id)
    gateway.confirm_charge(payment_id, invoice.invoice_id)

    fact = gateway.confirm_charge(payment_id, "another key, as if a day had passed")

    assert fact.status is PaymentStatus.SUCCEEDED
    assert charges_of(far_side, invoice) == 1


@pytest.mark.parametrize(
    ("card", "code", "step"),
    [
        ("pm_card_chargeCustomerFail", "generic_decline", NextStep.TRY_LATER),
        ("pm_card_authenticationRequired", "authentication_required", NextStep.CLIENT_MUST_AUTHENTICATE),
    ],
)
def test_a_decline_is_a_fact_with_its_reason(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice, card: str, code: str, step: NextStep
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with(card), invoice.invoice_id)

    fact = gateway.confirm_charge(payment_id, invoice.invoice_id)

    assert (fact.status, fact.amount, fact.fee) == (PaymentStatus.REQUIRES_CLIENT, Money(0, "USD"), None)
    assert fact.refused is not None
    assert fact.refused.code == code
    assert fact.refused.message
    assert next_step(fact.refused) is step
    assert gateway.read_payment(payment_id).refused == fact.refused
    assert charges_of(far_side, invoice) == 0


@pytest.mark.parametrize("behaves_as", ["insufficient_funds", "lost_card", "expired_card"])
def test_the_decline_code_is_preferred_to_the_general_one(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice, behaves_as: str
) -> None:
    method = far_side.customer_with("pm_card_visa")
    far_side.order(f"payment_methods/{method.payment_method_id}", behaves_as=behaves_as)
    payment_id = gateway.prepare_charge(invoice, AMOUNT, method, invoice.invoice_id)

    fact = gateway.confirm_charge(payment_id, invoice.invoice_id)

    assert fact.refused is not None
    assert fact.refused.code == behaves_as
    assert fact.refused.advice_code in ("try_again_later", "do_not_try_again", "confirm_card_data")


def test_a_declined_charge_confirmed_again_tells_the_same_decline(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    method = far_side.customer_with("pm_card_chargeCustomerFail")
    payment_id = gateway.prepare_charge(invoice, AMOUNT, method, invoice.invoice_id)
    first = gateway.confirm_charge(payment_id, invoice.invoice_id)

    second = gateway.confirm_charge(payment_id, "a later key")

    assert (second.status, second.refused) == (first.status, first.refused)


def test_a_canceled_charge_can_no_longer_be_confirmed(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_card_visa"), invoice.invoice_id)

    statuses = [
        gateway.cancel_charge(payment_id).status,
        gateway.cancel_charge(payment_id).status,
        gateway.confirm_charge(payment_id, invoice.invoice_id).status,
    ]

    assert statuses == [PaymentStatus.CANCELED] * 3
    assert charges_of(far_side, invoice) == 0


def test_a_paid_charge_cannot_be_canceled_and_says_so_by_its_state(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_card_visa"), invoice.invoice_id)
    paid = gateway.confirm_charge(payment_id, invoice.invoice_id)

    assert gateway.cancel_charge(payment_id) == paid


def test_a_bank_debit_is_processing_and_not_paid_until_the_bank_answers(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_usBankAccount"), invoice.invoice_id)

    pending = gateway.confirm_charge(payment_id, invoice.invoice_id)
    far_side.order("settle", payment_intent=payment_id)
    settled = gateway.read_payment(payment_id)

    assert (pending.status, pending.amount, pending.captured_at) == (PaymentStatus.PROCESSING, Money(0, "USD"), None)
    assert (settled.status, settled.amount, settled.fee) == (PaymentStatus.SUCCEEDED, AMOUNT, Money(120, "USD"))
    assert settled.method_label == "Bank debit"


def test_a_bank_debit_that_comes_back_is_a_refusal(far_side: FarSide, gateway: StripeGateway, invoice: Invoice) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_usBankAccount"), invoice.invoice_id)
    gateway.confirm_charge(payment_id, invoice.invoice_id)

    far_side.order("settle", payment_intent=payment_id, failure="insufficient_funds")

    fact = gateway.read_payment(payment_id)
    assert fact.status is PaymentStatus.REQUIRES_CLIENT
    assert fact.refused is not None
    assert fact.refused.code == "insufficient_funds"


def test_charges_are_found_by_customer_and_effect_key(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    method = far_side.customer_with("pm_card_visa")
    first = gateway.prepare_charge(invoice, AMOUNT, method, "effect-1")
    gateway.prepare_charge(invoice, AMOUNT, method, "effect-2")
    paid = gateway.confirm_charge(first, "effect-1")

    assert gateway.find_charges(method.customer_id, "effect-1") == [paid]
    assert gateway.find_charges(method.customer_id, "effect-3") == []


@pytest.mark.parametrize("kind", ["500_after", "reset", "truncate", "timeout"])
def test_an_answer_lost_after_the_charge_leaves_the_outcome_unknown_and_a_read_tells_it(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice, kind: str
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_card_visa"), invoice.invoice_id)
    far_side.order("faults", kind=kind, path_suffix="/confirm")

    with pytest.raises(UnknownOutcomeError) as unknown:
        gateway.confirm_charge(payment_id, invoice.invoice_id)

    assert unknown.value.code == "stripe_unknown"
    assert gateway.read_payment(payment_id).status is PaymentStatus.SUCCEEDED
    assert charges_of(far_side, invoice) == 1


def test_a_charge_whose_creation_was_lost_is_found_by_its_key(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    method = far_side.customer_with("pm_card_visa")
    far_side.order("faults", kind="reset", method="POST", path_prefix="/v1/payment_intents")

    with pytest.raises(UnknownOutcomeError):
        gateway.prepare_charge(invoice, AMOUNT, method, invoice.invoice_id)

    [found] = gateway.find_charges(method.customer_id, invoice.invoice_id)
    assert found.status is PaymentStatus.UNCONFIRMED
    assert gateway.prepare_charge(invoice, AMOUNT, method, invoice.invoice_id) == found.payment_id


@pytest.mark.parametrize(("kind", "code"), [("429", "stripe_rate_limited"), ("409", "stripe_busy")])
def test_a_busy_stripe_has_done_nothing_and_may_be_asked_again(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice, kind: str, code: str
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_card_visa"), invoice.invoice_id)
    far_side.order("faults", kind=kind, path_suffix="/confirm", retry_after=7)

    with pytest.raises(TemporaryError) as later:
        gateway.confirm_charge(payment_id, invoice.invoice_id)

    assert later.value.code == code
    assert later.value.retry_after_seconds == (7 if kind == "429" else None)
    assert gateway.confirm_charge(payment_id, invoice.invoice_id).status is PaymentStatus.SUCCEEDED


@pytest.mark.parametrize("kind", ["500_before", "reset_before"])
def test_a_read_that_fails_may_be_read_again(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice, kind: str
) -> None:
    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_card_visa"), invoice.invoice_id)
    far_side.order("faults", kind=kind, method="GET")

    with pytest.raises(TemporaryError) as later:
        gateway.read_payment(payment_id)

    assert later.value.code == "stripe_unavailable"
    assert gateway.read_payment(payment_id).payment_id == payment_id


def test_the_same_key_for_another_amount_is_unknown_because_the_first_may_have_happened(
    far_side: FarSide, gateway: StripeGateway, invoice: Invoice
) -> None:
    method = far_side.customer_with("pm_card_visa")
    gateway.prepare_charge(invoice, AMOUNT, method, invoice.invoice_id)

    with pytest.raises(UnknownOutcomeError, match="used before for another request"):
        gateway.prepare_charge(invoice, Money(1, "USD") + AMOUNT, method, invoice.invoice_id)


def test_a_refused_parameter_is_named(far_side: FarSide, gateway: StripeGateway, invoice: Invoice) -> None:
    method = far_side.customer_with("pm_card_visa")

    with pytest.raises(PermanentError, match=r"Stripe refused the parameter amount \(amount_too_small\).*at least"):
        gateway.prepare_charge(invoice, Money(1, "USD"), method, invoice.invoice_id)
    with pytest.raises(PermanentError, match=r"No such payment_intent: 'pi_none'") as refused:
        gateway.read_payment("pi_none")
    with pytest.raises(PermanentError, match=r"No such payment_intent"):
        gateway.confirm_charge("pi_none", invoice.invoice_id)
    with pytest.raises(PermanentError, match=r"No such payment_intent"):
        gateway.cancel_charge("pi_none")

    assert refused.value.code == "stripe_refused"


def test_a_charge_without_a_card_is_refused_and_not_taken_for_a_decline(
    far_side: FarSide, gateway: StripeGateway
) -> None:
    bare = far_side.create("payment_intents", amount="5000", currency="usd")["id"]

    with pytest.raises(PermanentError, match="missing a payment method"):
        gateway.confirm_charge(bare, bare)


def test_the_card_statement_ends_as_the_studio_wants(far_side: FarSide, invoice: Invoice) -> None:
    gateway = StripeGateway("sk_test_sandbox", api_base=far_side.url, statement_suffix="WEDDING")

    payment_id = gateway.prepare_charge(invoice, AMOUNT, far_side.customer_with("pm_card_visa"), invoice.invoice_id)

    kept = far_side.store.get("stripe.payment_intent", payment_id)
    assert kept is not None
    assert kept["statement_descriptor_suffix"] == "WEDDING"
    assert kept["metadata"] == {
        "invoice_id": invoice.invoice_id,
        "invoice_number": "INV-2026-0042",
        "session_id": "vsco:01h",
        "effect_key": invoice.invoice_id,
    }


def test_many_threads_share_one_gateway(far_side: FarSide, gateway: StripeGateway, invoice: Invoice) -> None:
    method = far_side.customer_with("pm_card_visa")

    def charge(number: int) -> PaymentStatus:
        mine = replace(invoice, invoice_id=f"{invoice.invoice_id}-{number}")
        payment_id = gateway.prepare_charge(mine, AMOUNT, method, mine.invoice_id)
        return gateway.confirm_charge(payment_id, mine.invoice_id).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(charge, range(24)))

    assert statuses == [PaymentStatus.SUCCEEDED] * 24
