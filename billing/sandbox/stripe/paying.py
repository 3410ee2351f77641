"""How a person pays on the hosted page, by a session or by a link, or saves a card there; typed, or a test token."""

from __future__ import annotations

from dataclasses import dataclass

from billing.sandbox.store import Body
from billing.sandbox.stripe import (
    checkout,
    confirming,
    customers,
    payment_intents,
    payment_links,
    payment_methods,
    setup_intents,
)
from billing.sandbox.stripe.errors import StripeError
from billing.sandbox.stripe.world import World, about

_PAID, _GONE = 200, 410


class Closed(Exception):
    """The page takes no payment: a title and a sentence for the person, and the HTTP status."""

    def __init__(self, title: str, sentence: str, status: int = _GONE) -> None:
        super().__init__(title)
        self.title, self.sentence, self.status = title, sentence, status


@dataclass(frozen=True, slots=True)
class Buyer:
    """What the person typed. `card` is a number or a pm_card_… token; the expiry is "MM / YY"."""

    card: str
    expiry: str = "12 / 40"
    cvc: str | None = None
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """How it went. `decline` is what the person is told; None when the money moved or waits for somebody's answer."""

    session: Body | None
    intent: Body | None
    decline: str | None = None
    error: Body | None = None


def target(world: World, id_: str) -> Body:
    """The session or link behind a page, if it can still be paid; else raises Closed."""
    kind = {"plink": "payment_link", "cs": "checkout.session"}.get(id_.split("_", 1)[0])
    found = world.store.get(f"stripe.{kind}", id_)
    if found is None:
        raise Closed("This page does not exist", "Please check the link that you were sent.", 404)
    if found["object"] == "payment_link":
        return _open_link(found)
    if found["status"] == "expired":
        raise Closed("This page has expired", "Please go back and open the payment page again.")
    if found["status"] == "complete":
        if found["mode"] == "setup":
            raise Closed("Your card is saved", "Nothing more is to be done here. Thank you.", _PAID)
        raise Closed("This has been paid already", "Nothing more is due here. Thank you.", _PAID)
    if found["payment_link"]:
        _open_link(world.store.get("stripe.payment_link", found["payment_link"]) or {})
    return found


def _open_link(link: Body) -> Body:
    if payment_links.paid_up(link):
        raise Closed("This link has been paid already", "Nothing more is due here. Thank you.", _PAID)
    if not link["active"]:
        raise Closed("This link is no longer active", link["inactive_message"] or "Please contact the studio.")
    return link


def pay(world: World, id_: str, buyer: Buyer) -> Attempt:
    found = target(world, id_)
    try:
        method = _method(world, buyer)
    except StripeError as error:
        return Attempt(None, None, error.error["message"], error.error)
    session = checkout.open_for_link(world, found) if found["object"] == "payment_link" else found
    session["customer_details"] = _details(world, session, buyer)
    if session["mode"] == "setup":
        return _save_card(world, session, method)
    intent = _intent(world, session)
    intent["payment_method"] = method["id"]
    try:
        intent = confirming.confirm(world, intent, {"return_url": session["url"]})
    except StripeError as error:
        world.save("checkout.session", session)
        return Attempt(session, intent, _told(error), error.error)
    return Attempt(complete(world, session, intent), intent)


def _save_card(world: World, session: Body, method: Body) -> Attempt:
    intent = world.find("setup_intent", session["setup_intent"])
    try:
        intent = setup_intents.confirm_on_page(world, intent, method)
    except StripeError as error:
        world.save("checkout.session", session)
        return Attempt(session, intent, _told(error), error.error)
    return Attempt(complete(world, session, intent), intent)


def authenticate(world: World, session: Body, approve: bool) -> Attempt:
    """The answer on the 3-D Secure page of a session."""
    if session["mode"] == "setup":
        intent = setup_intents.authenticate(world, world.find("setup_intent", session["setup_intent"]), approve)
        refusal = intent["last_setup_error"]
        return Attempt(complete(world, session, intent), intent, refusal and refusal["message"], refusal)
    intent = world.find("payment_intent", session["payment_intent"])
    try:
        intent = confirming.authenticate(world, intent, approve)
    except StripeError as error:
        return Attempt(session, intent, _told(error), error.error)
    return Attempt(complete(world, session, intent), intent)


def complete(world: World, session: Body, intent: Body) -> Body:
    """A session is complete when its page is done with; a bank debit is then still unpaid."""
    if intent["status"] not in ("succeeded", "processing"):
        return world.save("checkout.session", session)
    paid = intent["status"] == "succeeded" and session["mode"] == "payment"
    session |= {"status": "complete", "customer": intent["customer"], "url": None}
    if session["mode"] == "payment":
        session["payment_status"] = "paid" if paid else "unpaid"
    world.save("checkout.session", session)
    checkout.close(world, session)
    world.emit("checkout.session.completed", session)
    if session["payment_link"]:
        payment_links.count_completed(world, session["payment_link"])
    if paid:
        _count(world, session, intent)
    return session


def bank_answered(world: World, intent: Body) -> None:
    """The bank debit of a completed session was settled or came back."""
    if not intent["_session"]:
        return
    session = world.find("checkout.session", intent["_session"])
    paid = intent["status"] == "succeeded"
    session["payment_status"] = "paid" if paid else "unpaid"
    world.save("checkout.session", session)
    world.emit(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)
    if paid:
        _count(world, session, intent)


def _method(world: World, buyer: Buyer) -> Body:
    details = {"name": buyer.name, "email": buyer.email}
    if buyer.card.startswith("pm_"):
        return payment_methods.resolve(world, buyer.card)
    month, _, year = buyer.expiry.replace(" ", "").partition("/")
    numbers = {"exp_month": _number(month), "exp_year": _number(year)}
    card = {"number": buyer.card, "cvc": buyer.cvc, **numbers}
    return payment_methods.from_data(world, {"type": "card", "card": card, "billing_details": details})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 4 else 0


def _details(world: World, session: Body, buyer: Buyer) -> Body:
    known = world.store.get("stripe.customer", session["customer"]) if session["customer"] else None
    email = buyer.email or session["customer_email"] or (known or {}).get("email")
    nothing: Body = {"address": None, "business_name": None, "individual_name": None, "phone": None, "tax_ids": []}
    return {**nothing, "email": email, "name": buyer.name, "tax_exempt": "none"}


def _intent(world: World, session: Body) -> Body:
    """One intent for all the attempts of a session."""
    if session["payment_intent"]:
        return world.find("payment_intent", session["payment_intent"])
    data = session["_intent_data"]
    customer = session["customer"] or _new_customer(world, session)
    params = {
        **{name: value for name, value in data.items() if value},
        "amount": session["amount_total"],
        "currency": session["currency"],
        "allowed_payment_method_types": session["payment_method_types"],
    }
    intent = payment_intents.create(world, {**params, **({"customer": customer} if customer else {})})
    intent["_session"] = session["id"]
    session["payment_intent"] = intent["id"]
    world.save("checkout.session", session)
    return world.save("payment_intent", intent)


def _new_customer(world: World, session: Body) -> str | None:
    if session["customer_creation"] != "always":
        return None
    details = session["customer_details"]
    known = {name: details[name] for name in ("email", "name") if details[name]}
    return str(customers.create(world, known)["id"])


def _told(error: StripeError) -> str:
    return str(error.error["message"])


def _count(world: World, session: Body, intent: Body) -> None:
    named = about({**intent["metadata"], **session["metadata"]}, session["id"])
    detail = {"amount": intent["amount"], "currency": intent["currency"], "payment_link": session["payment_link"]}
    ids = {"session": session["id"], "payment_intent": intent["id"], "charge": intent["latest_charge"]}
    world.effect("checkout_paid", named, {**ids, **detail})
