"""A PaymentIntent, as Stripe sends it, in the words of the house. Read-only; KeyError and ValueError if it is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from billing.adapters.stripe_gateway.amounts import from_wire
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
    """The payment as it is now; `amount` is what was received."""
    refused = _refusal(intent)
    status = PaymentStatus.REQUIRES_CLIENT if refused else _STATUSES[intent["status"]]
    is_captured = status is PaymentStatus.SUCCEEDED
    charge = _expanded(intent.get("latest_charge"))
    transaction = _expanded(charge.get("balance_transaction")) if is_captured else {}
    metadata = intent.get("metadata") or {}
    return PaymentFact(
        provider="stripe",
        payment_id=intent["id"],
        status=status,
        amount=from_wire(intent["amount_received"] if is_captured else 0, intent["currency"]),
        invoice_id=metadata.get("invoice_id"),
        captured_at=_captured_at(charge, transaction) if is_captured else None,
        charge_id=_id(intent.get("latest_charge")),
        fee=from_wire(transaction["fee"], transaction["currency"]) if transaction else None,
        balance_transaction_id=_id(charge.get("balance_transaction")),
        customer_id=_id(intent.get("customer")),
        method_label=method_label(charge.get("payment_method_details") or {}),
        refused=refused,
    )


def declined_fact(error: Wire) -> PaymentFact:
    """The payment inside the `error` object of a declined confirmation."""
    return payment_fact({**error["payment_intent"], "last_payment_error": error})


def method_label(details: Wire) -> str:
    """ "Visa ending 4242", "SEPA debit"; empty while nothing was tried."""
    kind = details.get("type")
    if not kind:
        return ""
    if kind != "card":
        return _METHODS.get(kind, str(kind).replace("_", " ").capitalize())
    card = details.get("card") or {}
    brand = card.get("brand") or "card"
    name = _BRANDS.get(brand, str(brand).replace("_", " ").capitalize())
    return f"{name} ending {card['last4']}" if card.get("last4") else name


def _refusal(intent: Wire) -> Refusal | None:
    failed = intent.get("last_payment_error")
    if intent["status"] == "requires_payment_method" and failed:
        code = failed.get("decline_code") or failed.get("code") or "generic_decline"
        return Refusal(code, failed.get("advice_code"), failed.get("message") or "")
    if intent["status"] == "requires_action" and "effect_key" in (intent.get("metadata") or {}):
        # A charge of our own, off-session: nobody sits there to confirm it, so this is a no.
        return Refusal("authentication_required", message="The bank asks the client to confirm this payment.")
    return None


def _captured_at(charge: Wire, transaction: Wire) -> datetime | None:
    """A bank debit's charge is made days before its money arrives: the balance transaction tells when."""
    created = transaction.get("created") or charge.get("created")
    return datetime.fromtimestamp(created, UTC) if created else None


def _expanded(value: object) -> Wire:
    return value if isinstance(value, Mapping) else {}


def _id(value: object) -> str | None:
    if isinstance(value, Mapping):
        return str(value["id"])
    return str(value) if value else None
