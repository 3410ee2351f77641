"""A fresh stand-in for Stripe for each test: in process, and over a socket where the wire matters."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient
from stripe_sandbox import NOON, PUBLIC_URL, Sandbox, Wire

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Store
from billing.sandbox.stripe import build_stripe


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(":memory:")
    yield store
    store.close()


@pytest.fixture
def clock(store: Store) -> SandboxClock:
    clock = SandboxClock(store)
    clock.freeze(NOON)
    return clock


@pytest.fixture
def sandbox(store: Store, clock: SandboxClock) -> Iterator[Sandbox]:
    app = build_stripe(store, clock, PUBLIC_URL)
    with TestClient(app, follow_redirects=False) as http:
        yield Sandbox(store, clock, http)
    app.state.courier.close()


@pytest.fixture(params=["with the transport", "without"])
def wire(request: pytest.FixtureRequest, store: Store, clock: SandboxClock) -> Iterator[Wire]:
    """Served twice: under a layer that hands the transport down, and under uvicorn alone."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = build_stripe(store, clock, url)

    async def with_transport(scope: Any, receive: Any, send: Any) -> None:
        if request.param == "with the transport" and scope["type"] == "http":
            scope["sandbox.transport"] = send.__self__.transport
        await app(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(with_transport, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        thread.join(0.005)
        assert thread.is_alive()
    yield Wire(store, clock, url, app.state.courier)
    server.should_exit = True
    thread.join()
    app.state.courier.close()
    listening.close()
