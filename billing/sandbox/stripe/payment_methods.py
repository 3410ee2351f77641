"""/v1/payment_methods: from a test card, a pm_card_… token, or the test bank account."""

from __future__ import annotations

from billing.sandbox.store import Body
from billing.sandbox.stripe import cards, lists
from billing.sandbox.stripe.cards import BEHAVIOURS, Behaviour, Card
from billing.sandbox.stripe.errors import card_error, invalid, missing, wrong_state
from billing.sandbox.stripe.world import World, letters, merged_metadata, public

BANK_TOKENS = ("pm_usBankAccount", "pm_usBankAccount_success")
_NOBODY: Body = {
    "address": {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None},
    "email": None,
    "name": None,
    "phone": None,
    "tax_id": None,
}


def behaviour_of(method: Body) -> Behaviour:
    return BEHAVIOURS[method["_behaviour"]]


def create(world: World, params: Body) -> Body:
    return world.save("payment_method", _typed(world, params))


def from_data(world: World, data: Body) -> Body:
    """`payment_method_data` of an intent."""
    return world.save("payment_method", _typed(world, data))


def resolve(world: World, given: str, param: str = "payment_method") -> Body:
    """A payment method by its id; a test token makes a new one, as it does at Stripe."""
    if given in BANK_TOKENS:
        return world.save("payment_method", _bank(world, {}))
    card = cards.from_token(given, world.now) if given.startswith("pm_card_") else None
    if card is not None:
        return world.save("payment_method", of_card(world, card, {}))
    return world.find("payment_method", given, param)


def of_card(world: World, card: Card, billing_details: Body) -> Body:
    details = card.details()
    details |= {
        "display_brand": card.brand,
        "generated_from": None,
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
    }
    return {**_base(world, "card", billing_details), "card": details, "_behaviour": card.behaviour}


def retrieve(world: World, _: Body, id_: str) -> Body:
    token = id_ in BANK_TOKENS or (id_.startswith("pm_card_") and cards.from_token(id_, world.now))
    return resolve(world, id_) if token else world.find("payment_method", id_)


def update(world: World, params: Body, id_: str) -> Body:
    method = world.find("payment_method", id_)
    card = params.get("card") or {}
    method["billing_details"] = {**method["billing_details"], **(params.get("billing_details") or {})}
    if method["type"] == "card":
        method["card"] |= {name: card[name] for name in ("exp_month", "exp_year") if name in card}
    if "metadata" in params:
        method["metadata"] = merged_metadata(method["metadata"], params["metadata"])
    world.save("payment_method", method)
    world.emit("payment_method.updated", method)
    return method


def attach(world: World, params: Body, id_: str) -> Body:
    method = resolve(world, id_) if id_.startswith(("pm_card_", "pm_us")) else world.find("payment_method", id_)
    if "customer" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    customer = world.find("customer", params["customer"], "customer")
    if method["customer"] == customer["id"]:
        return method
    if method["customer"]:
        text = "The payment method you provided has already been attached to a customer."
        raise wrong_state(text, "payment_method_unexpected_state")
    refuse_if_spent(method)
    behaviour = behaviour_of(method)
    if not behaviour.attaches:
        raise card_error(
            behaviour.message,
            behaviour.code or "card_declined",
            decline_code=behaviour.decline_code,
            advice_code=behaviour.advice_code,
            payment_method=public(method),
        )
    return keep_for(world, method, customer["id"])


def keep_for(world: World, method: Body, customer: str, *, set_up: bool = False) -> Body:
    """Attach without a check: a check or a charge has just succeeded."""
    newly = method["customer"] != customer
    method |= {"customer": customer, "_set_up": method["_set_up"] or set_up}
    world.save("payment_method", method, customer)
    if newly:
        world.emit("payment_method.attached", method)
    return method


def detach(world: World, _: Body, id_: str) -> Body:
    method = world.find("payment_method", id_)
    if not method["customer"]:
        text = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise wrong_state(text, "payment_method_unexpected_state")
    former, method["customer"], method["_spent"] = method["customer"], None, True
    world.save("payment_method", method, "")
    world.emit("payment_method.detached", method, {"customer": former})
    return method


def list_(world: World, params: Body) -> Body:
    customer = params.get("customer")
    if customer is None:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    world.find("customer", customer, "customer")
    return _of_customer(world, params, customer, "/v1/payment_methods")


def list_of_customer(world: World, params: Body, customer: str) -> Body:
    world.find("customer", customer)
    return _of_customer(world, params, customer, f"/v1/customers/{customer}/payment_methods")


def refuse_if_spent(method: Body) -> None:
    """Used once without a customer, or detached: Stripe never takes it again."""
    if method["_spent"]:
        raise wrong_state(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a"
            " Customer, and may not be used again.",
            "payment_method_unexpected_state",
        )


def _of_customer(world: World, params: Body, customer: str, url: str) -> Body:
    wanted = params.get("type")
    return lists.page(
        *(world, "payment_method", params, url), parent=customer, keep=lambda method: wanted in (None, method["type"])
    )


def _typed(world: World, params: Body) -> Body:
    kind = params.get("type") or ("card" if "card" in params else None)
    if kind is None:
        raise invalid("Missing required param: type.", "type", "parameter_missing")
    if kind == "us_bank_account":
        return {**_bank(world, params.get("billing_details") or {}), "metadata": params.get("metadata") or {}}
    if kind != "card":
        raise invalid(f"The payment method type {kind!r} is not one that this sandbox speaks.", "type")
    method = of_card(world, _card(world, params.get("card") or {}), params.get("billing_details") or {})
    return {**method, "metadata": params.get("metadata") or {}}


def _card(world: World, given: Body) -> Card:
    if "token" in given:
        card = cards.from_token(given["token"], world.now)
        if card is None:
            raise missing("token", given["token"], "card[token]", world.livemode)
        return card
    for name in ("number", "exp_month", "exp_year"):
        if name not in given:
            raise invalid(f"Missing required param: card[{name}].", f"card[{name}]", "parameter_missing")
    return cards.from_number(given["number"], given["exp_month"], given["exp_year"], given.get("cvc"), world.now)


def _base(world: World, kind: str, billing_details: Body) -> Body:
    return {
        "id": world.new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {**_NOBODY, **billing_details},
        "created": world.now,
        "customer": None,
        "livemode": world.livemode,
        "metadata": {},
        "type": kind,
        "_set_up": False,
        "_spent": False,
    }


def _bank(world: World, billing_details: Body) -> Body:
    account = {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": letters("us_bank_account", 16),
        "last4": "6789",
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }
    base = _base(world, "us_bank_account", billing_details)
    return {**base, "us_bank_account": account, "_behaviour": "bank_debit"}
