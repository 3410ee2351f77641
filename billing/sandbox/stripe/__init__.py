"""A stand-in for Stripe on loopback, true to the wire, and the oracle of the tests: it counts what really happened."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Store
from billing.sandbox.stripe.admin import Admin
from billing.sandbox.stripe.api import Api
from billing.sandbox.stripe.faults import FaultyLine
from billing.sandbox.stripe.pages import Pages
from billing.sandbox.stripe.webhooks import Courier

__all__ = ["build_stripe"]


def build_stripe(store: Store, clock: SandboxClock, public_url: str) -> Starlette:
    """The application: /v1 (the API), /pay/{id} (the client's page), /admin (what only tests and demos may order).

    `public_url` is where this application is reached, such as http://127.0.0.1:8800/stripe. `app.state.courier` sends
    the web hooks; close it when the application ends.
    """
    courier = Courier(store, clock)
    api = Api(store, clock, public_url.rstrip("/"), courier)
    pages = Pages(store, api)
    app = Starlette(
        routes=[
            Route("/v1/{rest:path}", api.endpoint, methods=["GET", "POST", "DELETE"]),
            Route("/pay/{id}", pages.show, methods=["GET"]),
            Route("/pay/{id}", pages.pay, methods=["POST"]),
            Route("/pay/{id}/authenticate", pages.authenticate, methods=["POST"]),
            *Admin(store, api).routes(),
        ],
        middleware=[Middleware(FaultyLine, store=store)],
    )
    app.state.courier = courier
    return app
