"""The page on which a client pays. It speaks to people; nothing in it reaches outside."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from billing.sandbox.store import Body, Store
from billing.sandbox.stripe import account, checkout, confirming, money, paying
from billing.sandbox.stripe.api import Api
from billing.sandbox.stripe.errors import StripeError
from billing.sandbox.stripe.world import World

_HERE = Path(__file__).parent
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_TEMPLATES = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
_CSS = (_HERE / "page.css").read_text()
_LARGEST_FORM = 10_000
_SHOWN_AGAIN = ("email", "number", "expiry", "name")  # after a refusal; never the CVC, as on a real page


class Pages:
    """GET shows and changes nothing (link scanners open it too); POST pays."""

    def __init__(self, store: Store, api: Api) -> None:
        self._store, self._api = store, api

    async def show(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        with self._store.transaction():
            world = self._world(id_)
            try:
                if id_.startswith("pi_"):
                    return self._ask_bank(world, world.find("payment_intent", id_))
                return self._form(world, paying.target(world, id_))
            except (paying.Closed, StripeError) as refused:
                return self._closed(refused)

    async def pay(self, request: Request) -> Response:
        id_, given = request.path_params["id"], await _form_of(request)
        buyer = paying.Buyer(
            card=given.get("number", ""),
            expiry=given.get("expiry", ""),
            cvc=given.get("cvc", ""),
            name=given.get("name") or None,
            email=given.get("email") or None,
        )
        with self._store.transaction():
            world = self._world(id_)
            try:
                found = paying.target(world, id_)
                return self._after(world, found, paying.pay(world, id_, buyer), given)
            except (paying.Closed, StripeError) as refused:
                return self._closed(refused)

    async def authenticate(self, request: Request) -> Response:
        """The answer to the bank's question, for a session or for a bare intent with a return_url."""
        id_, given = request.path_params["id"], await _form_of(request)
        approve = given.get("answer") == "approve"
        with self._store.transaction():
            world = self._world(id_)
            try:
                if id_.startswith("pi_"):
                    return self._return(world, world.find("payment_intent", id_), approve)
                found = paying.target(world, id_)
                return self._after(world, found, paying.authenticate(world, found, approve), given)
            except (paying.Closed, StripeError) as refused:
                return self._closed(refused)

    def _world(self, id_: str) -> World:
        kinds = {"plink": "payment_link", "cs": "checkout.session", "pi": "payment_intent"}
        world = self._api.world()
        checkout.expire_overdue(world)
        return world.in_mode_of(kinds.get(id_.split("_", 1)[0], "none"), id_)

    def _form(self, world: World, found: Body, refusal: str | None = None, given: Body | None = None) -> Response:
        items, given = found["_line_items"], given or {}
        total = sum(item["amount_total"] for item in items)
        lines = [
            {
                "name": item["description"],
                "detail": item["_detail"],
                "quantity": item["quantity"],
                "amount": money.shown(item["amount_total"], item["currency"]),
            }
            for item in items
        ]
        return self._page(
            200 if refusal is None else 402,
            view="form",
            title=_title(items),
            amount=money.shown(total, items[0]["currency"]) if items else None,
            lines=lines,
            refusal=refusal,
            action=self._address(world, found["id"]),
            typed=_to_show_again(given, email=found.get("customer_email") or ""),
            cancel_url=found.get("cancel_url"),
            leads_to=_destination(found),
        )

    def _after(self, world: World, found: Body, attempt: paying.Attempt, given: Body) -> Response:
        session, intent = attempt.session, attempt.intent
        if attempt.decline is not None:
            return self._form(world, session or found, attempt.decline, given)
        assert session is not None
        assert intent is not None
        if intent["status"] == "requires_action":
            return self._ask(world, intent, session["id"], _destination(session), given)
        destination = _destination(session)
        if destination:
            return RedirectResponse(destination.replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)
        said = ((session["_after_completion"] or {}).get("hosted_confirmation") or {}).get("custom_message")
        return self._page(
            200,
            view="message",
            title="Paid. Thank you." if intent["status"] == "succeeded" else "Your payment is on its way.",
            amount=money.shown(intent["amount"], intent["currency"]),
            sentence=said or "You can close this page.",
        )

    def _ask_bank(self, world: World, intent: Body) -> Response:
        if intent["status"] != "requires_action":
            raise paying.Closed("There is nothing to confirm", "This payment waits for no answer.")
        return self._ask(world, intent, intent["id"], intent["_return_url"])

    def _ask(
        self, world: World, intent: Body, id_: str, destination: str | None, given: Body | None = None
    ) -> Response:
        """What was typed comes along, in case the bank says no: nobody types a card twice."""
        return self._page(
            200,
            view="authenticate",
            title="Confirm with your bank",
            amount=money.shown(intent["amount"], intent["currency"]) if "amount" in intent else None,
            typed=_to_show_again(given or {}),
            action=f"{self._address(world, id_)}/authenticate",
            leads_to=destination,
        )

    def _return(self, world: World, intent: Body, approve: bool) -> Response:
        back = intent["_return_url"]
        try:
            confirming.authenticate(world, intent, approve)
        except StripeError as refused:
            if not refused.executed or refused.error.get("code") == "payment_intent_unexpected_state":
                raise
        mark = "&" if "?" in back else "?"
        return RedirectResponse(f"{back}{mark}payment_intent={intent['id']}", 303)

    def _closed(self, refused: paying.Closed | StripeError) -> Response:
        if isinstance(refused, StripeError):
            refused = paying.Closed("This payment cannot be made", str(refused), refused.status)
        return self._page(refused.status, view="message", title=refused.title, amount=None, sentence=refused.sentence)

    def _address(self, world: World, id_: str) -> str:
        return f"{urlsplit(world.public_url).path}/pay/{id_}"

    def _page(self, status: int, *, leads_to: str | None = None, **values: Any) -> Response:
        chosen = account.settings(self._store)
        accent = chosen["accent"] if _COLOUR.match(chosen["accent"]) else "#3a5a78"
        css = _CSS.replace("#3a5a78", accent)
        html = _TEMPLATES.get_template("page.html").render(merchant=chosen["display_name"], css=css, **values)
        return HTMLResponse(html, status, _headers(css, leads_to))


def _destination(found: Body) -> str | None:
    """Where the person goes after paying; None for a page that says thank you itself."""
    after = found.get("_after_completion") or found.get("after_completion")
    if after:
        return (after.get("redirect") or {}).get("url")
    return found.get("success_url")


def _headers(css: str, leads_to: str | None) -> dict[str, str]:
    digest = b64encode(hashlib.sha256(css.encode()).digest()).decode()
    target = urlsplit(leads_to or "")
    onward = f" {target.scheme}://{target.netloc}" if target.scheme in ("http", "https") and target.netloc else ""
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'{onward}"
    return {
        "content-security-policy": f"{policy}; frame-ancestors 'none'; base-uri 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }


async def _form_of(request: Request) -> dict[str, str]:
    raw = await request.body()
    pairs = parse_qsl(raw[:_LARGEST_FORM].decode("utf-8", "replace"), keep_blank_values=True)
    return {name: value.strip() for name, value in pairs}


def _to_show_again(given: Body, email: str = "") -> dict[str, str]:
    return {name: given.get(name, email if name == "email" else "") for name in _SHOWN_AGAIN}


def _title(items: list[Body]) -> str:
    if not items:
        return "Save your card"
    return str(items[0]["description"]) if len(items) == 1 else "Your payment"
