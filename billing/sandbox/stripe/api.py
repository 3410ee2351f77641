"""The endpoint of /v1: who calls, has this been asked before, run it in one transaction, answer as Stripe does."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store
from billing.sandbox.stripe import checkout, faults, idempotency, params, routes
from billing.sandbox.stripe.errors import StripeError, invalid, unauthorized
from billing.sandbox.stripe.expand import expanded
from billing.sandbox.stripe.form import decode
from billing.sandbox.stripe.traffic import Traffic
from billing.sandbox.stripe.webhooks import Courier
from billing.sandbox.stripe.world import API_VERSION, World, letters, public

_log = logging.getLogger(__name__)
_FORM = "application/x-www-form-urlencoded"
_BROKEN: Body = {"error": {"message": "An unknown error occurred in the sandbox.", "type": "api_error"}}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read off the wire."""

    method: str
    path: str
    given: Body
    key: str | None
    fault: Body | None


@dataclass(slots=True)
class Answer:
    status: int
    body: Body
    headers: dict[str, str] = field(default_factory=dict)


class Api:
    """Handlers run in the event loop: the store is local, and one call at a time is what makes a call atomic."""

    def __init__(self, store: Store, clock: SandboxClock, public_url: str, courier: Courier) -> None:
        self._store, self._clock, self._public_url, self._courier = store, clock, public_url, courier
        self._in_flight = idempotency.InFlight()
        self.traffic = Traffic()

    def world(self, *, livemode: bool = False, request_id: str | None = None, key: str | None = None) -> World:
        now, deliver = self._clock.timestamp(), self._courier.deliver
        return World(self._store, now, self._public_url, deliver, livemode, request_id, key)

    async def endpoint(self, request: Request) -> Response:
        number = self._store.next_number("stripe:req")
        request_id = f"req_{letters(f'req:{number}', 14)}"
        version = request.headers.get("stripe-version", API_VERSION)
        headers = {"request-id": request_id, "stripe-version": API_VERSION}
        try:
            if not self.traffic.admit():
                raise StripeError(429, "Request rate limit exceeded.", code="rate_limit")
            livemode = _livemode(request.headers.get("authorization", ""))
            _check_version(version)
            call = await _read(request)
            answer = await self._once(call, self.world(livemode=livemode, request_id=request_id, key=call.key))
            headers |= {"idempotency-key": call.key} if call.key else {}
        except StripeError as refused:
            answer = Answer(refused.status, refused.body())
        except Exception:
            _log.exception("The sandbox's Stripe failed at %s %s", request.method, request.url.path)
            answer = Answer(500, _BROKEN)
        return JSONResponse(answer.body, answer.status, {**headers, **answer.headers})

    async def _once(self, call: Call, world: World) -> Answer:
        """Hold the idempotency key while the request is under way."""
        if call.key is None:
            return await self._run(call, world)
        held = f"{world.livemode}:{call.key}"
        self._in_flight.enter(held, call.key)
        try:
            return await self._run(call, world)
        finally:
            self._in_flight.leave(held)

    async def _run(self, call: Call, world: World) -> Answer:
        latency = faults.latency_seconds(self._store)
        if latency:
            await asyncio.sleep(latency)
        try:
            with self._store.transaction():
                return _answer(call, world)
        except StripeError as refused:  # refused before it ran: what was written on the way is rolled back
            return Answer(refused.status, refused.body())


def _answer(call: Call, world: World) -> Answer:
    if call.key is not None:
        kept = idempotency.recall(world, call.key, call.path, call.given)
        if kept:
            return Answer(*kept, {"idempotent-replayed": "true"})
    answer = _broken_before(call) or _executed(call, world)
    lost = call.fault is not None and (call.fault["kind"] == "500_after" or call.fault["remember"])
    if lost and answer.status != 429:
        answer = Answer(500, _BROKEN)
    if call.key is not None and (lost or _broken_before(call) is None):
        idempotency.remember(world, call.key, call.path, call.given, answer.status, answer.body)
    return answer


def _broken_before(call: Call) -> Answer | None:
    """A fault that keeps the request from running at all."""
    kind = call.fault and call.fault["kind"]
    if kind == "500_before":
        return Answer(500, _BROKEN)
    if kind == "409":
        error = {"message": "Another request with this idempotency key is in progress.", "type": "idempotency_error"}
        return Answer(409, {"error": {**error, "code": "idempotency_key_in_use"}})
    if kind == "429" and call.fault:
        error = {"message": "Request rate limit exceeded.", "type": "invalid_request_error", "code": "rate_limit"}
        return Answer(429, {"error": error}, {"retry-after": str(call.fault["retry_after"])})
    return None


def _executed(call: Call, world: World) -> Answer:
    found = routes.match(call.method, call.path)
    if found is None:
        message = f"Unrecognized request URL ({call.method}: {call.path}). Please see https://stripe.com/docs."
        raise StripeError(404, message)
    endpoint, handler, ids = found
    given = params.checked(endpoint, call.given)
    checkout.expire_overdue(world)
    wanted = given.pop("expand", [])
    try:
        body = public(handler(world, given, *ids))
    except StripeError as refused:
        if not refused.executed:
            raise
        return Answer(refused.status, refused.body())
    return Answer(200, expanded(world, body, wanted))


async def _read(request: Request) -> Call:
    method, path = request.method, request.url.path.removeprefix(request.scope.get("root_path", ""))
    encoded = request.url.query
    if method == "POST":
        raw = await request.body()
        kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
        if raw and kind != _FORM:
            raise invalid(f"Invalid request (check that your POST content type is {_FORM}).")
        encoded = "&".join(filter(None, [encoded, raw.decode("utf-8", "replace")]))
    key = request.headers.get("idempotency-key") if method == "POST" else None
    if key is not None:
        idempotency.check_length(key)
    return Call(method, path, decode(encoded), key or None, request.scope.get("stripe.fault"))


def _check_version(asked_for: str) -> None:
    """Each version has its own parameters and answers (docs.stripe.com/api/versioning), and the sandbox has one."""
    if asked_for != API_VERSION:
        raise invalid(f"Invalid Stripe API version: {asked_for}. This sandbox speaks {API_VERSION} alone.")


def _livemode(authorization: str) -> bool:
    """True for a live key. Any key of the right shape is taken: the sandbox guards nothing."""
    scheme, _, given = authorization.partition(" ")
    key = given.strip()
    if scheme.lower() == "basic":
        key = _basic(key)
    if scheme.lower() not in ("bearer", "basic") or not key:
        raise unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer"
            " auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if key.startswith(("sk_test_", "rk_test_")):
        return False
    if key.startswith(("sk_live_", "rk_live_")):
        return True
    raise unauthorized(f"Invalid API Key provided: {key[:7]}{'*' * max(0, len(key) - 7)}")


def _basic(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
