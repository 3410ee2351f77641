"""The portal as one ASGI application: its routes, its Host allow-list, and the headers of every answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from billing.portal.every_answer import EveryAnswer
from billing.portal.web_hooks import StripeDoor

HOOK_PATH = "/hooks/stripe"


def build_portal(door: StripeDoor, hosts: Sequence[str]) -> ASGIApp:
    """`hosts`: the names under which the portal is reached; whoever asks for another is refused."""

    async def take_hook(request: Request) -> Response:
        return await door(request)

    app = Starlette(
        routes=[Route(HOOK_PATH, take_hook, methods=["POST"]), Route("/health", _health, methods=["GET"])],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)],
    )
    app.router.redirect_slashes = False
    return EveryAnswer(app)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
