"""The sandbox's controls and its oracle: what really happened outside, counted apart from the business's books."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billing.sandbox import faults, mail
from billing.sandbox.clock import SandboxClock
from billing.sandbox.inbox import opened
from billing.sandbox.oracle import oracle
from billing.sandbox.seed import add_backlog, seed_studio
from billing.sandbox.sessions import complete_session
from billing.sandbox.store import Body, Store

_CENTURY_SECONDS = 3_200_000_000
_MOST = 100_000


class Refused(Exception):
    """A control call that makes no sense; the text says why."""


class _Control:
    def __init__(self, store: Store, clock: SandboxClock) -> None:
        self._store, self._clock = store, clock

    async def oracle(self, _request: Request) -> Response:
        return JSONResponse(oracle(self._store))

    async def effects(self, request: Request) -> Response:
        return JSONResponse({"effects": self._store.effects(request.query_params.get("kind"))})

    async def plan(self, _request: Request) -> Response:
        plan = self._store.get("sandbox.plan", "plan")
        return JSONResponse(plan or {"error": "This sandbox is not seeded."}, 200 if plan else 404)

    async def mails(self, request: Request) -> Response:
        """The mails as JSON, newest first; `?to=` keeps those of one recipient."""
        to = request.query_params.get("to", "").lower()
        found = self._store.newest(mail.KIND)
        shown = [row for row in found if not to or to in [address.lower() for address in row["envelope_to"]]]
        return JSONResponse({"mails": shown})

    async def one_mail(self, request: Request) -> Response:
        found = opened(self._store, request.path_params["id"])
        return JSONResponse(found or {"error": "There is no such mail."}, 200 if found else 404)

    async def clock(self, request: Request) -> Response:
        if request.method == "POST":
            _set_clock(self._clock, await _json(request))
        frozen = bool(self._store.setting("clock:frozen_at"))
        return JSONResponse({"now": self._clock.now().isoformat(), "frozen": frozen})

    async def faults(self, request: Request) -> Response:
        targets = ("vsco", "pixieset", "smtp")
        if request.method == "POST":
            body = await _json(request)
            return JSONResponse(self._order_fault(body), 201)
        if request.method == "DELETE":
            for fault in self._store.newest("fault"):
                self._store.delete("fault", fault["id"])
        return JSONResponse({target: self._store.newest("fault", target) for target in targets})

    def _order_fault(self, body: Body) -> Body:
        target, fault = str(body.get("target")), {name: body[name] for name in body if name != "target"}
        try:
            if target == "smtp" and fault.get("kind") in faults.SMTP_KINDS:
                times, address = fault.get("times", 1), fault.get("address", "*")
                return mail.set_answer(self._store, str(address), fault["kind"], times)
            return faults.add(self._store, target, fault)
        except ValueError as error:
            raise Refused(str(error)) from error

    async def seed(self, request: Request) -> Response:
        """Make the studio: {sessions, seed, currency}; answers with the plan."""
        body = {"sessions": 20, "seed": 1, "currency": "EUR", **await _json(request)}
        sessions, seed = _count(body["sessions"], "sessions"), _count(body["seed"], "seed")
        plan = seed_studio(self._store, self._clock, sessions=sessions, seed=seed, currency=str(body["currency"]))
        return JSONResponse(asdict(plan), 201)

    async def backlog(self, request: Request) -> Response:
        """Add {count} fulfilled sessions; answers with their job ids."""
        count = _count((await _json(request)).get("count"), "count")
        jobs = add_backlog(self._store, self._clock, count)
        return JSONResponse({"job_ids": [job.id for job in jobs]}, 201)

    async def latency(self, request: Request) -> Response:
        body = await _json(request)
        target, seconds = str(body.get("target")), body.get("seconds")
        if target not in ("vsco", "pixieset") or not isinstance(seconds, int | float) or not 0 <= seconds <= 60:
            raise Refused("target must be vsco or pixieset, seconds a number from 0 to 60.")
        faults.set_latency(self._store, target, seconds)
        return JSONResponse({"target": target, "seconds": seconds})

    async def settings(self, request: Request) -> Response:
        """The studio's settings that the real services do not state: what money counts, which keys are valid."""
        body = await _json(request)
        known = {
            "money_scale": "vsco:money_scale",
            "api_key": "vsco:api_key",
            "pixieset_session": "pixieset:session",
            "pixieset_csrf": "pixieset:csrf",
        }
        if unknown := set(body) - set(known):
            raise Refused(f"There is no setting {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
        if body.get("money_scale", "cents") not in ("cents", "units"):
            raise Refused("money_scale is cents or units.")
        for name, value in body.items():
            self._store.set_setting(known[name], str(value))
        return JSONResponse(body)

    async def complete(self, request: Request) -> Response:
        body = await _json(request)
        try:
            job = complete_session(self._store, self._clock, str(body.get("job_id")))
        except KeyError as error:
            raise Refused(f"There is no job {body.get('job_id')}.") from error
        return JSONResponse({"job_id": job["id"], "stage": job["stage"], "fulfillment_date": job["fulfillmentDate"]})


def _set_clock(clock: SandboxClock, body: Body) -> None:
    if "advance_seconds" in body:
        clock.advance(timedelta(seconds=_seconds(body["advance_seconds"])))
    elif "freeze" in body:
        clock.freeze(_instant(body["freeze"]))
    elif body.get("release"):
        clock.release()
    elif "now" in body:
        clock.freeze(_instant(body["now"]))
        clock.release()
    else:
        raise Refused("Give one of now, advance_seconds, freeze, release.")


def _seconds(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < _CENTURY_SECONDS:
        raise Refused(f"{value!r} is no number of seconds.")
    return float(value)


def _count(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise Refused(f"{name} must be a whole number from 0 to {_MOST}.")
    return value


def _instant(text: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise Refused(f"{text!r} is no ISO 8601 instant.") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _json(request: Request) -> Body:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refused("The body is no JSON.") from error
    if not isinstance(body, dict):
        raise Refused("The body must be an object.")
    return body


async def _refused(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def build_control(store: Store, clock: SandboxClock) -> Starlette:
    control = _Control(store, clock)
    return Starlette(
        routes=[
            Route("/oracle", control.oracle),
            Route("/effects", control.effects),
            Route("/plan", control.plan),
            Route("/mails", control.mails),
            Route("/mails/{id}", control.one_mail),
            Route("/clock", control.clock, methods=["GET", "POST"]),
            Route("/faults", control.faults, methods=["GET", "POST", "DELETE"]),
            Route("/latency", control.latency, methods=["POST"]),
            Route("/settings", control.settings, methods=["POST"]),
            Route("/seed", control.seed, methods=["POST"]),
            Route("/backlog", control.backlog, methods=["POST"]),
            Route("/sessions/complete", control.complete, methods=["POST"]),
        ],
        exception_handlers={Refused: _refused},
    )
