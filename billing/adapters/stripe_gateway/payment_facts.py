"""A PaymentIntent, as Stripe sends it, in our own words. Read-only; Malformed where it cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing.adapters.stripe_gateway.fields import Fields
from billing.domain.money import Money
from billing.domain.payments import PaymentFact, PaymentStatus, Refusal

# What a read needs to know the charge and its fee in one call.
EXPAND = ["latest_charge.balance_transaction"]

_STATUSES = {
    "requires_payment_method": PaymentStatus.UNCONFIRMED,  # REQUIRES_CLIENT once an attempt has failed
    "requires_confirmation": PaymentStatus.UNCONFIRMED,
    "requires_action": PaymentStatus.REQUIRES_CLIENT,
    "processing": PaymentStatus.PROCESSING,
    "requires_capture": PaymentStatus.PROCESSING,  # held on the card, not ours yet
    "succeeded": PaymentStatus.SUCCEEDED,
    "canceled": PaymentStatus.CANCELED,
}
_BRANDS = {
    "amex": "American Express",
    "diners": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
_METHODS = {"sepa_debit": "SEPA debit", "us_bank_account": "Bank debit", "link": "Link", "paypal": "PayPal"}

Wire = Mapping[str, Any]


def payment_fact(intent: Wire) -> PaymentFact:
    """The payment as it is now; `amount` is what was received. Malformed if it lacks what tells that."""
    fields = Fields.of_answer(intent)
    metadata, charge = fields.part("metadata"), fields.part("latest_charge")
    refused = _refusal(fields, metadata)
    status = PaymentStatus.REQUIRES_CLIENT if refused else fields.one_of("status", _STATUSES)
    is_captured = status is PaymentStatus.SUCCEEDED
    transaction = charge.part("balance_transaction") if is_captured else Fields(None)
    return PaymentFact(
        provider="stripe",
        payment_id=fields.text("id"),
        status=status,
        amount=fields.money("amount_received") if is_captured else Money(0, fields.currency()),
        invoice_id=metadata.text_or_none("invoice_id"),
        captured_at=_captured_at(charge, transaction) if is_captured else None,
        charge_id=fields.id_of("latest_charge"),
        fee=transaction.money("fee") if transaction else None,
        balance_transaction_id=charge.id_of("balance_transaction"),
        customer_id=fields.id_of("customer"),
        method_label=method_label(charge.part("payment_method_details")),
        refused=refused,
    )


def declined_fact(answer: Wire) -> PaymentFact:
    """The payment inside the answer of a declined confirmation."""
    error = Fields.of_answer(answer).part("error")
    if not error.part("payment_intent"):
        raise error.lacks("payment_intent")
    return payment_fact({**error.raw("payment_intent"), "last_payment_error": answer["error"]})


def method_label(details: Fields) -> str:
    """ "Visa ending 4242", "SEPA debit"; empty while nothing was tried."""
    kind = details.text_or_none("type")
    if not kind:
        return ""
    if kind != "card":
        return _METHODS.get(kind, kind.replace("_", " ").capitalize())
    card = details.part("card")
    brand, digits = card.text_or_none("brand") or "card", card.text_or_none("last4")
    name = _BRANDS.get(brand, brand.replace("_", " ").capitalize())
    return f"{name} ending {digits}" if digits else name


def _refusal(intent: Fields, metadata: Fields) -> Refusal | None:
    failed, status = intent.part("last_payment_error"), intent.text("status")
    if status == "requires_payment_method" and failed:
        code = failed.text_or_none("decline_code") or failed.text_or_none("code") or "generic_decline"
        return Refusal(code, failed.text_or_none("advice_code"), failed.text_or_none("message") or "")
    if status == "requires_action" and metadata.raw("effect_key") is not None:
        # A charge of our own, off-session: nobody sits there to confirm it, so this is a no.
        return Refusal("authentication_required", message="The bank asks the client to confirm this payment.")
    return None


def _captured_at(charge: Fields, transaction: Fields) -> datetime | None:
    """A bank debit's charge is made days before its money arrives: the balance transaction tells when."""
    return transaction.instant_or_none("created") or charge.instant_or_none("created")
