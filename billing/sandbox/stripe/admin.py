"""/admin: what no merchant can order from Stripe, and a test or a demo must: banks, disputes, payouts, faults."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billing.sandbox.store import Body, Store
from billing.sandbox.stripe import (
    account,
    cards,
    checkout,
    confirming,
    disputes,
    faults,
    paying,
    payouts,
    refunds,
    setup_intents,
    webhooks,
)
from billing.sandbox.stripe.api import Api
from billing.sandbox.stripe.errors import StripeError
from billing.sandbox.stripe.world import World, public

Act = Callable[[World, Body, str], Any]


class Admin:
    def __init__(self, store: Store, api: Api) -> None:
        self._store, self._api = store, api

    def routes(self) -> list[Route]:
        acts: dict[str, Act] = {
            "/admin/pay": _pay,
            "/admin/authenticate": _authenticate,
            "/admin/settle": _settle,
            "/admin/disputes": _dispute,
            "/admin/disputes/{id}/{verb}": _end_dispute,
            "/admin/payouts": _pay_out,
            "/admin/refunds": _refund,
            "/admin/refunds/{id}/fail": _fail_refund,
            "/admin/payment_methods/{id}": _change_card,
            "/admin/account": lambda world, given, _: account.change(world.store, given),
            "/admin/webhook_endpoint": _register,
            "/admin/faults": lambda world, given, _: faults.order(world.store, given),
            "/admin/latency": _latency,
            "/admin/rate_limit": self._rate_limit,
        }
        posts = [Route(path, self._post(act), methods=["POST"]) for path, act in acts.items()]
        return [
            *posts,
            Route("/admin/faults", self._faults, methods=["GET", "DELETE"]),
            Route("/admin/webhook_endpoint/{id}", self._remove_webhook, methods=["DELETE"]),
            Route("/admin/traffic", self._traffic, methods=["GET"]),
            Route("/admin/effects", self._effects, methods=["GET"]),
        ]

    def _post(self, act: Act) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            return self._answer(act, await request.body(), request.path_params)

        return endpoint

    def _answer(self, act: Act, raw: bytes, path: Body) -> Response:
        try:
            given = json.loads(raw or b"{}")
            if not isinstance(given, dict):
                raise ValueError("The body is not a JSON object.")
            with self._store.transaction():
                world = self._api.world(livemode=bool(given.pop("livemode", False)))
                checkout.expire_overdue(world)
                verb = {"verb": path["verb"]} if "verb" in path else {}
                return JSONResponse(_shown(act(world, given | verb, path.get("id", ""))))
        except StripeError as refused:
            return JSONResponse(refused.body(), refused.status)
        except paying.Closed as closed:
            return JSONResponse({"error": {"message": closed.title, "sentence": closed.sentence}}, 409)
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": {"message": f"The request is not understood: {error}"}}, 400)

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            faults.forget(self._store)
        return JSONResponse({"data": faults.ordered(self._store), "kinds": faults.KINDS})

    async def _remove_webhook(self, request: Request) -> Response:
        webhooks.remove(self._api.world(), request.path_params["id"])
        return JSONResponse({"id": request.path_params["id"], "deleted": True})

    def _rate_limit(self, _world: World, given: Body, _: str) -> Body:
        """{"per_second": 25 | null}: refuse what comes beyond, and count anew."""
        limit = given["per_second"]
        return self._api.traffic.limit(None if limit is None else int(limit))

    async def _traffic(self, _request: Request) -> Response:
        return JSONResponse(self._api.traffic.counted())

    async def _effects(self, request: Request) -> Response:
        kind = request.query_params.get("kind")
        mine = [effect for effect in self._store.effects(kind) if effect["kind"].startswith("stripe.")]
        return JSONResponse({"data": mine})


def _shown(answer: Any) -> Any:
    """Our own notes stay here."""
    if isinstance(answer, list):
        return {"data": [public(item) for item in answer]}
    return public(answer)


def _pay(world: World, given: Body, _: str) -> Body:
    """{"payment_link" | "session" | "url", "card"?, "expiry"?, "cvc"?, "name"?, "email"?, "authenticate"?: bool}"""
    named = given.get("payment_link") or given.get("session") or str(given["url"]).rstrip("/").rsplit("/", 1)[-1]
    world = world.in_mode_of("payment_link" if named.startswith("plink_") else "checkout.session", named)
    typed = {name: given[name] for name in ("expiry", "cvc", "name", "email") if name in given}
    attempt = paying.pay(world, named, paying.Buyer(card=given.get("card", "4242424242424242"), **typed))
    waiting = attempt.intent is not None and attempt.intent["status"] == "requires_action"
    if waiting and "authenticate" in given and attempt.session:
        attempt = paying.authenticate(world, attempt.session, bool(given["authenticate"]))
    return {
        "status": "declined" if attempt.decline else attempt.intent and attempt.intent["status"],
        "message": attempt.decline,
        "error": attempt.error,
        "session": attempt.session and public(attempt.session),
        "payment_intent": attempt.intent and public(attempt.intent),
    }


def _authenticate(world: World, given: Body, _: str) -> Body:
    """{"payment_intent" | "setup_intent" | "session", "approve": true | false}"""
    approve = bool(given.get("approve", True))
    if "setup_intent" in given:
        world = world.in_mode_of("setup_intent", given["setup_intent"])
        return setup_intents.authenticate(world, world.find("setup_intent", given["setup_intent"]), approve)
    if "session" in given:
        world = world.in_mode_of("checkout.session", given["session"])
        attempt = paying.authenticate(world, world.find("checkout.session", given["session"]), approve)
        return attempt.intent or {}
    world = world.in_mode_of("payment_intent", given["payment_intent"])
    intent = world.find("payment_intent", given["payment_intent"])
    try:
        return confirming.authenticate(world, intent, approve)
    except StripeError as refused:
        if refused.error.get("code") == "payment_intent_unexpected_state":
            raise
        return intent  # the person's answer was taken, and the intent says how it ended


def _settle(world: World, given: Body, _: str) -> Body:
    """{"payment_intent", "failure"?: "insufficient_funds"}: the bank's answer to a debit that is processing."""
    world = world.in_mode_of("payment_intent", given["payment_intent"])
    intent = world.find("payment_intent", given["payment_intent"])
    settled = confirming.settle(world, intent, given.get("failure"))
    paying.bank_answered(world, settled)
    return settled


def _dispute(world: World, given: Body, _: str) -> Body:
    """{"charge" | "payment_intent", "amount"?, "reason"?: "fraudulent", "inquiry"?: false}"""
    kind = "charge" if "charge" in given else "payment_intent"
    world = world.in_mode_of(kind, given[kind])
    found = world.find(kind, given[kind])
    charge = found if kind == "charge" else world.find("charge", found["latest_charge"])
    more = {name: given[name] for name in ("amount", "inquiry") if name in given}
    return disputes.open_(world, charge, reason=given.get("reason", "fraudulent"), **more)


def _end_dispute(world: World, given: Body, id_: str) -> Body:
    """/admin/disputes/{id}/win, lose, escalate (an inquiry), close (an inquiry)."""
    world = world.in_mode_of("dispute", id_)
    verbs = {
        "win": disputes.win,
        "lose": disputes.lose,
        "escalate": disputes.escalate,
        "close": disputes.close_inquiry,
    }
    return verbs[given["verb"]](world, id_)


def _pay_out(world: World, given: Body, _: str) -> list[Body]:
    """{"currency"?, "include_pending"?: false, "livemode"?: false}"""
    return payouts.pay_out(
        world, currency=given.get("currency"), also_pending=bool(given.get("include_pending", False))
    )


def _refund(world: World, given: Body, _: str) -> Body:
    """{"charge" | "payment_intent", "amount"?, "reason"?}: a refund made by hand in Stripe's dashboard."""
    kind = "charge" if "charge" in given else "payment_intent"
    return refunds.create(world.in_mode_of(kind, given[kind]), given)


def _fail_refund(world: World, given: Body, id_: str) -> Body:
    """{"reason"?}"""
    return refunds.fail(world.in_mode_of("refund", id_), id_, given.get("reason", "expired_or_canceled_card"))


def _change_card(world: World, given: Body, id_: str) -> Body:
    """{"behaves_as": a test card's number or a behaviour's name}: a saved card goes bad, or is good again."""
    behaviour = cards.behaviour_named(str(given["behaves_as"]))
    if behaviour is None:
        raise ValueError(f"behaves_as is a test card's number or one of {', '.join(cards.BEHAVIOURS)}")
    world = world.in_mode_of("payment_method", id_)
    return world.save("payment_method", {**world.find("payment_method", id_), "_behaviour": behaviour})


def _register(world: World, given: Body, _: str) -> Body:
    """{"url", "secret", "livemode"?: false}"""
    return webhooks.register(world, str(given["url"]), str(given["secret"]))


def _latency(world: World, given: Body, _: str) -> Body:
    """{"latency_ms": 0 or more}"""
    faults.set_latency(world.store, int(given["latency_ms"]))
    return {"latency_ms": int(given["latency_ms"])}
