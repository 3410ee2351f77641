"""The calls of Pixieset's web application, as far as they are known: there is no public API, so this may drift."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from billing.sandbox.clock import SandboxClock
from billing.sandbox.faults import FaultLine
from billing.sandbox.store import Body, Store

KIND = "pixieset.collection"
COOKIE = "pixieset_session"
DEFAULT_SESSION = "sandbox-session"
DEFAULT_CSRF = "sandbox-csrf"
_FIELDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "photo_count": (int,),
    "password_protected": (bool,),
    "password": (str, type(None)),
    "downloadable": (bool,),
    "download_pin": (str, type(None)),
    "expiry_date": (str, type(None)),
    "status": (str,),
}


class _SessionCheck:
    """401 without a session, 403 without a token, 419 (the framework's "page expired") with a wrong one."""

    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refuse(Request(scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refuse(self, request: Request) -> Response | None:
        session = self._store.setting("pixieset:session") or DEFAULT_SESSION
        if not _same(request.cookies.get(COOKIE, ""), session):
            return JSONResponse({"message": "Unauthenticated."}, 401)
        token = request.headers.get("x-csrf-token")
        if token is None:
            return JSONResponse({"message": "This action is unauthorized."}, 403)
        if not _same(token, self._store.setting("pixieset:csrf") or DEFAULT_CSRF):
            return JSONResponse({"message": "CSRF token mismatch."}, 419)
        return None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def add_collection(store: Store, clock: SandboxClock, name: str, photo_count: int, url: str) -> Body:
    """A collection as a studio first uploads it: hidden, with a password and a download PIN, download off."""
    number = store.next_number("pixieset")
    body: Body = {"id": 40_000_000 + number, "name": name, "photo_count": photo_count, "password_protected": True}
    body.update(
        {"password": f"north{number:04d}", "downloadable": False, "download_pin": f"{1000 + number * 37 % 9000}"}
    )
    body.update({"expiry_date": None, "status": "hidden", "url": url, "updated_at": clock.now().isoformat()})
    return store.put(KIND, str(body["id"]), body)


class _Collections:
    def __init__(self, store: Store, clock: SandboxClock) -> None:
        self._store, self._clock = store, clock

    async def list(self, _request: Request) -> Response:
        found = self._store.newest(KIND)
        return JSONResponse({"data": found, "meta": {"total": len(found)}})

    async def one(self, request: Request) -> Response:
        return JSONResponse({"data": self._found(request)}) if self._found(request) else _missing()

    async def update(self, request: Request) -> Response:
        try:
            changes = await request.json()
        except ValueError:
            changes = None
        errors = _errors(changes)
        if errors:
            return JSONResponse({"message": "The given data was invalid.", "errors": errors}, 422)
        with self._store.transaction():
            before = self._found(request)
            if before is None:
                return _missing()
            after = {**before, **{name: value for name, value in changes.items() if name in _FIELDS}}
            after["updated_at"] = self._clock.now().isoformat()
            self._store.put(KIND, str(after["id"]), after)
            self._record(before, after)
        return JSONResponse({"data": after})

    def _found(self, request: Request) -> Body | None:
        return self._store.get(KIND, request.path_params["id"])

    def _record(self, before: Body, after: Body) -> None:
        kind = "pixieset.updated"
        if before["status"] != after["status"]:
            kind = "pixieset.access_opened" if after["status"] == "published" else "pixieset.access_closed"
        detail = {"before": before["status"], "after": after["status"], "downloadable": after["downloadable"]}
        self._store.record_effect(kind, str(after["id"]), self._clock.now().isoformat(), detail)


def _missing() -> Response:
    return JSONResponse({"message": "No query results for model [Collection]."}, 404)


def _errors(changes: Any) -> Body:
    if not isinstance(changes, dict):
        return {"body": ["must be an object"]}
    errors = {name: ["has the wrong type"] for name, value in changes.items() if not _fits(name, value)}
    if changes.get("status") not in (None, "published", "hidden"):
        errors["status"] = ["must be published or hidden"]
    expiry = changes.get("expiry_date")
    if isinstance(expiry, str) and not _is_date(expiry):
        errors["expiry_date"] = ["must be a date, YYYY-MM-DD"]
    return errors


def _fits(name: str, value: Any) -> bool:
    types = _FIELDS.get(name)
    return types is None or (isinstance(value, types) and (bool in types or not isinstance(value, bool)))


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d").astimezone()
    except ValueError:
        return False
    return True


async def _account(_request: Request) -> Response:
    return JSONResponse({"data": {"name": "North Light", "plan": "pro"}})


def build_pixieset(store: Store, clock: SandboxClock) -> Starlette:
    """Both of the web application's hosts in one: /galleries/api/v1 and /studio/api/v1."""
    collections = _Collections(store, clock)
    routes = [
        Route("/galleries/api/v1/collections", collections.list, methods=["GET"]),
        Route("/galleries/api/v1/collections/{id}", collections.one, methods=["GET"]),
        Route("/galleries/api/v1/collections/{id}", collections.update, methods=["PUT"]),
        Route("/studio/api/v1/account", _account, methods=["GET"]),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(FaultLine, store=store, target="pixieset"), Middleware(_SessionCheck, store=store)],
    )
