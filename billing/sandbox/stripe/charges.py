"""/v1/charges: one for each attempt of a payment intent to move money."""

from __future__ import annotations

from typing import Any

from billing.sandbox.store import Body
from billing.sandbox.stripe import balance, lists, money
from billing.sandbox.stripe.expand import INCLUDABLE
from billing.sandbox.stripe.payment_methods import behaviour_of
from billing.sandbox.stripe.world import World, about

APPROVED: Body = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "risk_score": 32,
    "seller_message": "Payment complete.",
    "type": "authorized",
}


# A charge before any money has moved.
_FRESH: Body = {
    "object": "charge",
    "amount_captured": 0,
    "amount_refunded": 0,
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "balance_transaction": None,
    "calculated_statement_descriptor": "SANDBOX STUDIO",
    "captured": False,
    "disputed": False,
    "failure_balance_transaction": None,
    "fraud_details": {},
    "on_behalf_of": None,
    "paid": False,
    "receipt_number": None,
    "receipt_url": None,
    "refunded": False,
    "review": None,
    "source_transfer": None,
    "transfer_data": None,
}


def start(world: World, intent: Body, method: Body, status: str, outcome: Body, **failure: str | None) -> Body:
    """A charge in its first state; money moves in `succeed`."""
    charge: Body = {
        **_FRESH,
        "id": world.new_id("charge"),
        "amount": intent["amount"],
        "billing_details": method["billing_details"],
        "created": world.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "failure_code": failure.get("code"),
        "failure_message": failure.get("message"),
        "livemode": world.livemode,
        "metadata": intent["metadata"],
        "outcome": outcome,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(intent, method),
        "receipt_email": intent["receipt_email"],
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_group": intent["transfer_group"],
        "_behaviour": method["_behaviour"],
    }
    return world.save("charge", charge, intent["id"])


def succeed(world: World, charge: Body) -> Body:
    """The money arrives. As with automatic_async capture, the balance transaction follows in a charge.updated."""
    bank = charge["payment_method_details"]["type"] == "us_bank_account"
    amount, currency = charge["amount"], charge["currency"]
    charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": amount, "outcome": APPROVED}
    charge["receipt_url"] = f"{world.public_url}/receipts/{charge['id']}"
    world.save("charge", charge)
    world.emit("charge.succeeded", charge)
    fee = money.bank_fee(amount) if bank else money.card_fee(amount, currency)
    transaction = balance.book(
        *(world, "payment" if bank else "charge", charge["id"], amount, currency),
        fee=fee,
        category="charge",
        description=charge["description"],
        at_once=behaviour_of(charge).available_at_once,
    )
    charge["balance_transaction"] = transaction["id"]
    world.save("charge", charge)
    world.emit("charge.updated", charge, {"balance_transaction": None})
    world.effect("charge_succeeded", about(charge["metadata"], charge["payment_intent"]), _detail(charge))
    return charge


def fail(world: World, charge: Body, detail: Body) -> Body:
    charge |= {"status": "failed"}
    world.save("charge", charge)
    world.emit("charge.failed", charge)
    world.effect("charge_declined", about(charge["metadata"], charge["payment_intent"]), {**_detail(charge), **detail})
    return charge


def retrieve(world: World, _: Body, id_: str) -> Body:
    return world.find("charge", id_)


def list_(world: World, params: Body) -> Body:
    intent, customer = params.get("payment_intent"), params.get("customer")
    return lists.page(
        *(world, "charge", params, "/v1/charges"),
        parent=intent,
        keep=lambda charge: customer in (None, charge["customer"]),
    )


def refunds_of(world: World, params: Body, id_: str) -> Body:
    world.find("charge", id_)
    return lists.page(world, "refund", params, f"/v1/charges/{id_}/refunds", parent=id_)


INCLUDABLE["charge", "refunds"] = lambda world, charge: refunds_of(world, {}, charge["id"])


def _detail(charge: Body) -> Body:
    wanted = ("amount", "currency", "customer", "payment_intent", "metadata")
    return {"charge": charge["id"], **{name: charge[name] for name in wanted}}


def _details(intent: Body, method: Body) -> Body:
    """payment_method_details: what a charge remembers of the card."""
    kind = method["type"]
    if kind != "card":
        return {"type": kind, kind: {name: v for name, v in method[kind].items() if name in _BANK_FIELDS}}
    kept = {name: value for name, value in method["card"].items() if name not in _ONLY_ON_METHODS}
    asked: dict[str, Any] = (intent["payment_method_options"] or {}).get("card") or {}
    kept |= {
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": method["card"]["brand"],
        "network_token": {"used": False},
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "stored_credential_usage": asked.get("stored_credential_usage"),
        "three_d_secure": None,
    }
    return {"type": "card", "card": kept}


_ONLY_ON_METHODS = ("display_brand", "generated_from", "networks", "three_d_secure_usage")
_BANK_FIELDS = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number")
