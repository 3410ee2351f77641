"""/v1/setup_intents: a card saved for later, with the client's consent."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import lists, payment_methods
from billing.sandbox.stripe.errors import card_error, invalid, wrong_state
from billing.sandbox.stripe.payment_methods import behaviour_of
from billing.sandbox.stripe.world import World, letters, merged_metadata, public

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


# An intent that nobody has touched yet.
_FRESH: Body = {
    "object": "setup_intent",
    "application": None,
    "cancellation_reason": None,
    "flow_directions": None,
    "last_setup_error": None,
    "latest_attempt": None,
    "mandate": None,
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": None,
    "payment_method_configuration_details": None,
    "single_use_mandate": None,
    "status": "requires_payment_method",
    "_session": None,
}


def create(world: World, params: Body) -> Body:
    if params.get("customer"):
        world.find("customer", params["customer"], "customer")
    id_ = world.new_id("setup_intent")
    automatic = params.get("automatic_payment_methods")
    allowed = params.get("allowed_payment_method_types")
    if automatic is None and allowed is None:
        automatic = {"allow_redirects": "always", "enabled": True}
    intent: Body = {
        **_FRESH,
        "id": id_,
        "allowed_payment_method_types": allowed,
        "automatic_payment_methods": automatic and {"allow_redirects": "always", **automatic},
        "client_secret": f"{id_}_secret_{letters(id_, 25)}",
        "created": world.now,
        "customer": params.get("customer"),
        "description": params.get("description"),
        "livemode": world.livemode,
        "metadata": merged_metadata({}, params.get("metadata")),
        "payment_method_options": params.get("payment_method_options") or {},
        "payment_method_types": allowed or ["card", "link", "us_bank_account"],
        "usage": params.get("usage", "off_session"),
    }
    _take_method(world, intent, params)
    world.save("setup_intent", intent, intent["customer"])
    world.emit("setup_intent.created", intent)
    return _confirm(world, intent, params) if params.get("confirm") else intent


def confirm(world: World, params: Body, id_: str) -> Body:
    intent = world.find("setup_intent", id_)
    _refuse_unless_open(intent, "confirm")
    _take_method(world, intent, params)
    return _confirm(world, intent, params)


def belongs_to(world: World, intent: Body, session_id: str) -> Body:
    """From now on it is for the page of a Checkout Session alone."""
    return world.save("setup_intent", {**intent, "_session": session_id})


def confirm_on_page(world: World, intent: Body, method: Body) -> Body:
    """A person has typed a card on the page of its session. StripeError says why it cannot be saved."""
    intent |= {"payment_method": method["id"], "status": "requires_confirmation"}
    return _confirm(world, intent, {"return_url": world.public_url})


def authenticate(world: World, intent: Body, approve: bool) -> Body:
    if intent["status"] != "requires_action":
        raise wrong_state("This SetupIntent waits for no authentication.", "setup_intent_unexpected_state")
    method = world.find("payment_method", intent["payment_method"])
    if approve:
        return _succeed(world, intent, method)
    text = "The latest attempt to set up the payment method has failed because authentication failed."
    _fail(world, intent, method, text, "setup_intent_authentication_failure")
    return intent


def cancel(world: World, params: Body, id_: str) -> Body:
    intent = world.find("setup_intent", id_)
    _refuse_unless_open(intent, "cancel")
    return end(world, intent, params.get("cancellation_reason"))


def end(world: World, intent: Body, reason: str | None = None) -> Body:
    intent |= {"status": "canceled", "cancellation_reason": reason, "next_action": None}
    world.save("setup_intent", intent)
    world.emit("setup_intent.canceled", intent)
    return intent


def retrieve(world: World, _: Body, id_: str) -> Body:
    return world.find("setup_intent", id_)


def list_(world: World, params: Body) -> Body:
    wanted = params.get("payment_method")
    return lists.page(
        *(world, "setup_intent", params, "/v1/setup_intents"),
        parent=params.get("customer"),
        keep=lambda intent: wanted in (None, intent["payment_method"]),
    )


def _refuse_unless_open(intent: Body, verb: str) -> None:
    if intent["status"] not in _OPEN:
        text = f"You cannot {verb} this SetupIntent because it has a status of {intent['status']}."
        raise wrong_state(text, "setup_intent_unexpected_state", setup_intent=public(intent))
    if intent["_session"]:
        text = f"You cannot {verb} this SetupIntent because it belongs to a Checkout Session; expire the session."
        raise wrong_state(text, "setup_intent_unexpected_state", setup_intent=public(intent))


def _take_method(world: World, intent: Body, params: Body) -> None:
    if "payment_method_data" in params:
        method = payment_methods.from_data(world, params["payment_method_data"])
    elif params.get("payment_method"):
        method = payment_methods.resolve(world, params["payment_method"])
    else:
        return
    if method["customer"] not in (None, intent["customer"]):
        raise invalid("The payment method belongs to another customer.", "payment_method")
    intent |= {"payment_method": method["id"], "status": "requires_confirmation"}


def _confirm(world: World, intent: Body, params: Body) -> Body:
    if not intent["payment_method"]:
        text = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise wrong_state(text, "setup_intent_unexpected_state", setup_intent=public(intent))
    automatic = intent["automatic_payment_methods"]
    if automatic and automatic["enabled"] and automatic["allow_redirects"] == "always" and "return_url" not in params:
        raise invalid(
            "This SetupIntent is configured to accept payment methods enabled in your Dashboard. Because some of these"
            " payment methods might redirect your customer off of your page, you must provide a `return_url`."
        )
    method = world.find("payment_method", intent["payment_method"])
    behaviour = behaviour_of(method)
    if not behaviour.attaches:
        _fail(world, intent, method, behaviour.message, behaviour.code or "card_declined")
        raise card_error(
            *(behaviour.message, behaviour.code or "card_declined"),
            decline_code=behaviour.decline_code,
            advice_code=behaviour.advice_code,
            payment_method=public(method),
            setup_intent=public(intent),
        )
    if behaviour.authenticate in ("never", "on_session"):
        return _succeed(world, intent, method)
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    intent |= {"status": "requires_action", "next_action": action}
    world.save("setup_intent", intent)
    world.emit("setup_intent.requires_action", intent)
    return intent


def _succeed(world: World, intent: Body, method: Body) -> Body:
    if intent["customer"]:
        payment_methods.keep_for(world, method, intent["customer"], set_up=True)
    intent |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    world.save("setup_intent", intent)
    world.emit("setup_intent.succeeded", intent)
    return intent


def _fail(world: World, intent: Body, method: Body, message: str, code: str) -> None:
    error = card_error(message, code, payment_method=public(method)).error
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": error,
    }
    world.save("setup_intent", intent)
    world.emit("setup_intent.setup_failed", intent)
