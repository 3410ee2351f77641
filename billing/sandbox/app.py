"""All stand-ins behind one address."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from billing.sandbox import pages
from billing.sandbox.clock import SandboxClock
from billing.sandbox.control import build_control
from billing.sandbox.inbox import build_inbox
from billing.sandbox.pixieset import build_pixieset
from billing.sandbox.store import Store
from billing.sandbox.stripe import build_stripe
from billing.sandbox.vsco import build_vsco

_LINKS = (
    ("Inbox", "/inbox/", "Every mail that the studio sent to its clients."),
    ("Oracle", "/sandbox/oracle", "What really happened outside: charges, mails, grants, write-backs."),
    ("Effects", "/sandbox/effects", "The same, one by one, oldest first."),
    ("Clock", "/sandbox/clock", "The time that every stand-in goes by."),
    ("Faults", "/sandbox/faults", "What has been ordered to go wrong next."),
    ("Plan", "/sandbox/plan", "The seeded studio: its clients, cards and sessions."),
    ("Health", "/health", "Says ok when the sandbox is up."),
)


def build_app(store: Store, clock: SandboxClock, public_url: str) -> Starlette:
    """The whole outside world: /stripe, /vsco/api/v2, /pixieset, /inbox, /sandbox, and an index at /."""

    async def index(_request: Request) -> Response:
        return pages.page(
            "index.html", links=_LINKS, now=f"{clock.now().day} {clock.now():%B %Y, %H:%M} UTC", root="/inbox"
        )

    stripe = build_stripe(store, clock, f"{public_url}/stripe")

    @contextlib.asynccontextmanager
    async def until_the_end(_app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(stripe.state.courier.close)

    return Starlette(
        lifespan=until_the_end,
        routes=[
            Route("/", index),
            Route("/health", _health),
            Mount("/stripe", stripe),
            Mount("/vsco/api/v2", build_vsco(store, clock, public_url)),
            Mount("/pixieset", build_pixieset(store, clock)),
            Mount("/inbox", build_inbox(store)),
            Mount("/sandbox", build_control(store, clock)),
        ],
    )


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})
