"""/v1/payment_intents: the states of a payment, https://docs.stripe.com/payments/paymentintents/lifecycle."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import confirming, lists, money, payment_methods
from billing.sandbox.stripe.errors import invalid, wrong_state
from billing.sandbox.stripe.world import World, letters, merged_metadata, public

_UPDATABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = (*_UPDATABLE, "requires_capture", "processing")
_PLAIN = (
    *("description", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor"),
    *("statement_descriptor_suffix", "transfer_group", "payment_method_options"),
)


def create(world: World, params: Body) -> Body:
    currency = money.currency_code(params["currency"])
    money.chargeable(params["amount"], currency)
    if not params.get("confirm"):
        for name in ("off_session", "error_on_requires_action", "mandate_data", "return_url"):
            if name in params:
                raise invalid(f"You can only provide `{name}` when `confirm=true`.", name)
    if params.get("customer"):
        world.find("customer", params["customer"], "customer")
    intent = world.save("payment_intent", _new(world, params, currency), params.get("customer"))
    method = _method(world, intent, params)
    if method:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
        world.save("payment_intent", intent)
    world.emit("payment_intent.created", intent)
    return confirming.confirm(world, intent, params) if params.get("confirm") else intent


# An intent that nobody has touched yet.
_FRESH: Body = {
    "object": "payment_intent",
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 0,
    "application": None,
    "application_fee_amount": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "last_payment_error": None,
    "latest_charge": None,
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": None,
    "payment_method_configuration_details": None,
    "processing": None,
    "review": None,
    "source": None,
    "status": "requires_payment_method",
    "transfer_data": None,
    "_session": None,
}


def _new(world: World, params: Body, currency: str) -> Body:
    id_ = world.new_id("payment_intent")
    methods = _automatic(params)
    usual = ["card", "link", "us_bank_account"] if currency == "usd" else ["card", "link"]
    allowed = params.get("allowed_payment_method_types")
    capture = params.get("capture_method", "automatic_async")
    if capture == "manual":
        raise invalid(
            "This sandbox captures at once; capture_method=manual is not one that it speaks.", "capture_method"
        )
    return {
        **_FRESH,
        "id": id_,
        "allowed_payment_method_types": allowed,
        "amount": params["amount"],
        "automatic_payment_methods": methods,
        "capture_method": capture,
        "client_secret": f"{id_}_secret_{letters(id_, 25)}",
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "created": world.now,
        "currency": currency,
        "customer": params.get("customer"),
        "description": params.get("description"),
        "livemode": world.livemode,
        "metadata": merged_metadata({}, params.get("metadata")),
        "payment_method_options": params.get("payment_method_options") or {},
        "payment_method_types": allowed or usual,
        "receipt_email": params.get("receipt_email"),
        "setup_future_usage": params.get("setup_future_usage"),
        "shipping": params.get("shipping"),
        "statement_descriptor": params.get("statement_descriptor"),
        "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
        "transfer_group": params.get("transfer_group"),
    }


def _automatic(params: Body) -> Body | None:
    """An intent that names no types takes whatever the dashboard allows (since 2023-08-16), redirects too."""
    given = params.get("automatic_payment_methods")
    if given is None:
        return None if "allowed_payment_method_types" in params else {"allow_redirects": "always", "enabled": True}
    if not given["enabled"]:
        return None
    return {"allow_redirects": given.get("allow_redirects", "always"), "enabled": True}


def _method(world: World, intent: Body, params: Body) -> Body | None:
    if "payment_method_data" in params:
        return payment_methods.from_data(world, params["payment_method_data"])
    if not params.get("payment_method"):
        return None
    return confirming.usable(intent, payment_methods.resolve(world, params["payment_method"]))


def retrieve(world: World, _: Body, id_: str) -> Body:
    return world.find("payment_intent", id_)


def update(world: World, params: Body, id_: str) -> Body:
    intent = world.find("payment_intent", id_)
    settled = set(params) - {"metadata", "description", "expand"}
    if intent["status"] not in _UPDATABLE and settled:
        text = (
            f"This PaymentIntent's {min(settled)} could not be updated because it has a status of {intent['status']}."
        )
        raise wrong_state(text, "payment_intent_unexpected_state", payment_intent=public(intent))
    if "currency" in params:
        intent["currency"] = money.currency_code(params["currency"])
    if "amount" in params:
        money.chargeable(params["amount"], intent["currency"])
        intent["amount"] = params["amount"]
    if params.get("customer"):
        intent["customer"] = world.find("customer", params["customer"], "customer")["id"]
    for name in _PLAIN:
        if name in params:
            intent[name] = params[name] or None
    if "metadata" in params:
        intent["metadata"] = merged_metadata(intent["metadata"], params["metadata"])
    method = _method(world, intent, params)
    if method:
        intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return world.save("payment_intent", intent, intent["customer"])


def confirm(world: World, params: Body, id_: str) -> Body:
    intent = world.find("payment_intent", id_)
    confirming.refuse_unless_confirmable(intent)
    method = _method(world, intent, params)
    if method:
        intent["payment_method"] = method["id"]
    for name in ("receipt_email", "setup_future_usage", "shipping"):
        if name in params:
            intent[name] = params[name] or None
    if params.get("payment_method_options"):
        intent["payment_method_options"] = {**intent["payment_method_options"], **params["payment_method_options"]}
    return confirming.confirm(world, intent, params)


def cancel(world: World, params: Body, id_: str) -> Body:
    intent = world.find("payment_intent", id_)
    if intent["status"] not in _CANCELABLE:
        raise wrong_state(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent"
            f" with one of the following statuses may be canceled: {', '.join(_CANCELABLE)}.",
            "payment_intent_unexpected_state",
            payment_intent=public(intent),
        )
    reason = params.get("cancellation_reason")
    intent |= {"status": "canceled", "canceled_at": world.now, "cancellation_reason": reason, "next_action": None}
    world.save("payment_intent", intent)
    world.emit("payment_intent.canceled", intent)
    return intent


def list_(world: World, params: Body) -> Body:
    return lists.page(world, "payment_intent", params, "/v1/payment_intents", parent=params.get("customer"))
