"""The routes of the stand-in, behind its key."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from billing.sandbox.clock import SandboxClock
from billing.sandbox.faults import FaultLine
from billing.sandbox.store import Store
from billing.sandbox.vsco.reads import Reads
from billing.sandbox.vsco.resources import BY_PATH
from billing.sandbox.vsco.wire import ApiError, error_response
from billing.sandbox.vsco.writes import Writes

Handler = Callable[[Request], Awaitable[Response]]
DEFAULT_API_KEY = "sandbox-vsco-key"


class _KeyCheck:
    def __init__(self, app: ASGIApp, store: Store) -> None:
        self._app, self._store = app, store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._admits(dict(scope["headers"]).get(b"x-api-key", b"")):
            body = ApiError(401, "Unauthorized", "API key is missing or invalid").body
            await JSONResponse(body, 401)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _admits(self, key: bytes) -> bool:
        return hmac.compare_digest(key, (self._store.setting("vsco:api_key") or DEFAULT_API_KEY).encode())


def _fixed(path: str, handler: Handler, method: str, **params: str) -> Route:
    """A route whose path parameters are partly given by the path itself."""

    async def endpoint(request: Request) -> Response:
        request.path_params.update(params)
        return await handler(request)

    return Route(path, endpoint, methods=[method])


def build_vsco(store: Store, clock: SandboxClock, public_url: str) -> Starlette:
    """VSCO Workspace API v2 at the mount's root."""
    reads, writes = Reads(store, clock, public_url), Writes(store, clock, public_url)
    routes = [
        Route("/studio/me", reads.studio, methods=["GET"]),
        Route("/payment", writes.create_payment, methods=["POST"]),
        Route("/payment/{id}/apply", writes.apply_payment, methods=["POST"]),
        Route("/note", writes.create_note, methods=["POST"]),
        Route("/order/{id}", writes.update_order, methods=["PUT"]),
    ]
    for part in ("order", "payment"):
        routes.append(_fixed(f"/job/{{id}}/{part}", reads.of_job, "GET", part=part))
    for path in BY_PATH:
        routes.append(_fixed(f"/{path}", reads.list, "GET", resource=path))
        routes.append(_fixed(f"/{path}/{{id}}", reads.one, "GET", resource=path))
        if path != "order":
            routes.append(_fixed(f"/{path}/{{id}}", writes.update, "PUT", resource=path))
    return Starlette(
        routes=routes,
        middleware=[Middleware(FaultLine, store=store, target="vsco"), Middleware(_KeyCheck, store=store)],
        exception_handlers={HTTPException: error_response},
    )
