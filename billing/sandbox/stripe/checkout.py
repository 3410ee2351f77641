"""/v1/checkout/sessions: a page for one payment or one saved card, alive for a day at most."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import catalog, lists, money, setup_intents
from billing.sandbox.stripe.errors import invalid, wrong_state
from billing.sandbox.stripe.expand import INCLUDABLE
from billing.sandbox.stripe.world import World, about, merged_metadata, public

_DAY = 86_400
_SHORTEST = 30 * 60
_CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_OPEN = "stripe.open_session"


def create(world: World, params: Body) -> Body:
    if params.get("mode") not in ("payment", "setup"):
        text = "You must provide `mode`. This sandbox speaks mode=payment and mode=setup."
        raise invalid(text, "mode", None if "mode" in params else "parameter_missing")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("This sandbox speaks ui_mode=hosted_page only.", "ui_mode")
    if "success_url" not in params:
        raise invalid("Missing required param: success_url.", "success_url", "parameter_missing")
    if params.get("customer"):
        world.find("customer", params["customer"], "customer")
        if "customer_email" in params:
            raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer")
    return _for_a_card(world, params) if params["mode"] == "setup" else _for_a_payment(world, params)


def _for_a_payment(world: World, params: Body) -> Body:
    _refuse(params, "setup_intent_data", "payment")
    if "line_items" not in params:
        raise invalid("You must provide `line_items` in payment mode.", "line_items", "parameter_missing")
    session = _new(world, params, catalog.line_items(world, params["line_items"]))
    _open(world, session)
    detail = {name: session[name] for name in ("amount_total", "currency", "metadata")}
    named = about(session["metadata"] or session["_intent_data"].get("metadata"), session["id"])
    world.effect("checkout_session_created", named, {"session": session["id"], **detail})
    return session


def _for_a_card(world: World, params: Body) -> Body:
    """Its SetupIntent is there from the beginning, and belongs to the session: nothing else confirms or cancels it."""
    for name in ("line_items", "payment_intent_data", "submit_type"):
        _refuse(params, name, "setup")
    if "currency" not in params and "allowed_payment_method_types" not in params:
        raise invalid("Missing required param: currency.", "currency", "parameter_missing")
    session = _new(world, params, [])
    given = params.get("setup_intent_data") or {}
    asked = {name: params[name] for name in ("customer", "allowed_payment_method_types") if params.get(name)}
    intent = setup_intents.create(world, {**asked, **given, "usage": "off_session"})
    setup_intents.belongs_to(world, intent, session["id"])
    session |= {"mode": "setup", "payment_status": "no_payment_required", "setup_intent": intent["id"]}
    session |= {"amount_subtotal": None, "amount_total": None, "total_details": None}
    _keep_open(world, session)
    return session


def _refuse(params: Body, name: str, mode: str) -> None:
    if name in params:
        raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)


def open_for_link(world: World, link: Body) -> Body:
    """A visit that pays a payment link: the link's metadata are copied to the session."""
    params = {name: link[name] for name in ("submit_type", "customer_creation", "metadata")}
    if link["payment_method_types"]:
        params["allowed_payment_method_types"] = link["payment_method_types"]
    given = link["payment_intent_data"] or {}
    params["payment_intent_data"] = {name: value for name, value in given.items() if value is not None}
    session = _new(world, {**params, "success_url": "https://stripe.com"}, link["_line_items"])
    session |= {"payment_link": link["id"], "_after_completion": link["after_completion"]}
    _open(world, session)
    return session


def _open(world: World, session: Body) -> None:
    money.chargeable(session["amount_total"], session["currency"], "line_items")
    _keep_open(world, session)


def _keep_open(world: World, session: Body) -> None:
    world.save("checkout.session", session, session["payment_link"] or "")
    world.store.put(_OPEN, session["id"], {"id": session["id"], "expires_at": session["expires_at"]})


def _expires_at(world: World, params: Body) -> int:
    at: int = params.get("expires_at", world.now + _DAY)
    if not world.now + _SHORTEST <= at <= world.now + _DAY:
        text = "must be at least 30 minutes and less than 24 hours from Checkout Session creation."
        raise invalid(f"The `expires_at` timestamp {text}", "expires_at")
    return at


# What a session shows that this sandbox never changes.
_PLAIN: Body = {
    "object": "checkout.session",
    "adaptive_pricing": {"enabled": False},
    "after_expiration": None,
    "allow_promotion_codes": None,
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "client_secret": None,
    "collected_information": None,
    "consent": None,
    "consent_collection": None,
    "currency_conversion": None,
    "custom_fields": [],
    "discounts": [],
    "invoice": None,
    "mode": "payment",
    "origin_context": None,
    "payment_intent": None,
    "payment_link": None,
    "payment_method_collection": "if_required",
    "payment_method_configuration_details": None,
    "payment_status": "unpaid",
    "permissions": None,
    "phone_number_collection": {"enabled": False},
    "recovered_from": None,
    "saved_payment_method_options": None,
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "status": "open",
    "subscription": None,
    "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    "ui_mode": "hosted_page",
    "wallet_options": None,
    "_after_completion": None,
}


def _new(world: World, params: Body, items: list[Body]) -> Body:
    id_ = world.new_id("checkout.session")
    total = sum(item["amount_total"] for item in items)
    data = params.get("payment_intent_data") or {}
    email = params.get("customer_email")
    saves = data.get("setup_future_usage") is not None and not params.get("customer")
    return {
        **_PLAIN,
        "id": id_,
        "allowed_payment_method_types": params.get("allowed_payment_method_types"),
        "amount_subtotal": total,
        "amount_total": total,
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": world.now,
        "currency": items[0]["currency"] if items else params.get("currency"),
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
            **params.get("custom_text", {}),
        },
        "customer": params.get("customer"),
        "customer_creation": "always" if saves else params.get("customer_creation", "if_required"),
        "customer_details": {"email": email, "tax_exempt": "none", "tax_ids": None} if email else None,
        "customer_email": email,
        "expires_at": _expires_at(world, params),
        "invoice_creation": {"enabled": False, "invoice_data": _NO_INVOICE},
        "livemode": world.livemode,
        "locale": params.get("locale"),
        "metadata": merged_metadata({}, params.get("metadata")),
        "payment_method_options": params.get("payment_method_options") or {},
        "payment_method_types": params.get("allowed_payment_method_types") or ["card"],
        "submit_type": params.get("submit_type"),
        "success_url": params.get("success_url"),
        "url": f"{world.public_url}/pay/{id_}",
        "_line_items": items,
        "_intent_data": data,
    }


_NO_INVOICE: Body = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": None,
    "metadata": {},
    "rendering_options": None,
}


def retrieve(world: World, _: Body, id_: str) -> Body:
    return world.find("checkout.session", id_)


def list_(world: World, params: Body) -> Body:
    link, intent = params.get("payment_link"), params.get("payment_intent")
    if intent:
        world.find("payment_intent", intent, "payment_intent")

    def keep(session: Body) -> bool:
        wanted = ("payment_intent", "customer", "status")
        return all(params.get(name) in (None, session[name]) for name in wanted)

    return lists.page(world, "checkout.session", params, "/v1/checkout/sessions", parent=link, keep=keep)


def line_items(world: World, _: Body, id_: str) -> Body:
    items = [public(item) for item in world.find("checkout.session", id_)["_line_items"]]
    return lists.listed(items, f"/v1/checkout/sessions/{id_}/line_items")


INCLUDABLE["checkout.session", "line_items"] = lambda world, session: line_items(world, {}, session["id"])


def expire(world: World, _: Body, id_: str) -> Body:
    session = world.find("checkout.session", id_)
    if session["status"] != "open":
        text = 'Only Checkout Sessions with a status in ["open"] can be expired.'
        text += f" This Checkout Session has a status of {session['status']}."
        raise wrong_state(text, "checkout_session_unexpected_state")
    return _expire(world, session)


def expire_overdue(world: World) -> None:
    """Sessions run out by the clock, whether or not anybody looks."""
    for entry in world.store.newest(_OPEN):
        if entry["expires_at"] <= world.now:
            owner = world.in_mode_of("checkout.session", entry["id"])
            _expire(owner, owner.find("checkout.session", entry["id"]))


def close(world: World, session: Body) -> None:
    """It has been completed: it can expire no more."""
    world.store.delete(_OPEN, session["id"])


def _expire(world: World, session: Body) -> Body:
    session |= {"status": "expired", "url": None}
    world.save("checkout.session", session)
    close(world, session)
    _cancel_intents(world, session)
    world.emit("checkout.session.expired", session)
    return session


def _cancel_intents(world: World, session: Body) -> None:
    """What was asked for on the page is asked for no more."""
    intent = session["payment_intent"] and world.find("payment_intent", session["payment_intent"])
    if intent and intent["status"] in _CANCELABLE:
        intent |= {"status": "canceled", "canceled_at": world.now, "cancellation_reason": "expired"}
        world.save("payment_intent", intent)
        world.emit("payment_intent.canceled", intent)
    if session["setup_intent"]:
        setup_intents.end(world, world.find("setup_intent", session["setup_intent"]))
