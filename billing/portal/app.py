"""The portal as one ASGI application: its routes, whom it answers, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from billing.portal.web_hooks import StripeWebHook
from billing.servers.callers import Rules
from billing.servers.guard import EVERYWHERE, Guard

HOOK_PATH = "/hooks/stripe"
HEADERS = EVERYWHERE | {"cache-control": "no-store"}


def build_portal(endpoint: StripeWebHook, hosts: Sequence[str]) -> ASGIApp:
    """`hosts`: the names under which the portal is reached from outside; whoever asks for another is refused."""

    async def take_hook(request: Request) -> Response:
        return await endpoint(request)

    app = Starlette(routes=[Route(HOOK_PATH, take_hook, methods=["POST"]), Route("/health", _health, methods=["GET"])])
    app.router.redirect_slashes = False
    return Guard(app, Rules("BILLING_PORTAL_HOSTS", tuple(hosts), is_public=True), headers=HEADERS)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
