"""The sandbox's Stripe on a free port, and a far side that answers whatever a test tells it to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import uvicorn

from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.invoices import BilledClient, BilledSession, Collection, Invoice, Studio
from billing.domain.payments import SavedMethod
from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Store
from billing.sandbox.stripe import build_stripe

KEY = "sk_test_sandbox"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@dataclass
class FarSide:
    """The sandbox's Stripe: its address, its controls, and what really happened there."""

    url: str
    store: Store
    clock: SandboxClock
    control: httpx.Client

    def order(self, path: str, **given: Any) -> dict[str, Any]:
        answer = self.control.post(f"/admin/{path}", json=given)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def create(self, path: str, key: str = KEY, **given: str) -> dict[str, Any]:
        answer = self.control.post(f"/v1/{path}", data=given, headers={"Authorization": f"Bearer {key}"})
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    def customer_with(self, card: str, key: str = KEY) -> SavedMethod:
        """A client whose card was saved for off-session charges."""
        customer = self.create("customers", key, name="Ana")["id"]
        method = self.create(f"payment_methods/{card}/attach", key, customer=customer)["id"]
        return SavedMethod("c1", customer, method, "Visa", "v1", datetime(2026, 1, 1, tzinfo=UTC))

    def charged(self) -> list[dict[str, Any]]:
        return self.store.effects("stripe.charge_succeeded")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarSide]:
    store = Store(tmp_path_factory.mktemp("stripe") / "sandbox.db")
    clock = SandboxClock(store)
    listener = uvicorn.Config("", port=0, log_level="error").bind_socket()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = build_stripe(store, clock, url)
    server = _Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert server.listening.wait(30)
    with httpx.Client(base_url=url) as control:
        yield FarSide(url, store, clock, control)
    server.should_exit = True
    thread.join(30)
    listener.close()
    app.state.courier.close()
    store.close()


@pytest.fixture
def far_side(served: FarSide) -> Iterator[FarSide]:
    yield served
    served.control.delete("/admin/faults").raise_for_status()


@pytest.fixture
def gateway(far_side: FarSide) -> StripeGateway:
    return StripeGateway(KEY, api_base=far_side.url, timeout_seconds=5)


Reply = tuple[int, bytes, dict[str, str]]


@dataclass
class Stub:
    """Answers each request with the next reply; `asked` keeps (method, path, fields, headers)."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def will_answer(self, body: object, status: int = 200, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies.append((status, raw, {"Request-Id": "req_stub", **named}))

    def gateway(self, key: str = KEY, **more: Any) -> StripeGateway:
        return StripeGateway(key, api_base=self.url, timeout_seconds=5, **more)


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def log_message(self, *_: object) -> None:
            """Be quiet."""

        def _answer(self, sent: str) -> None:
            path, _, query = self.path.partition("?")
            fields = dict(parse_qsl(sent or query, keep_blank_values=True))
            stub.asked.append((self.command, path, fields, dict(self.headers)))
            status, body, headers = stub.replies.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def invoice(request: pytest.FixtureRequest) -> Invoice:
    """Of 150.00 USD, with an id of its own for each test."""
    return Invoice(
        invoice_id=f"inv_{abs(hash(request.node.nodeid)):x}",
        number="INV-2026-0042",
        session_id="vsco:01h",
        part="o1",
        order_number="ORD-1",
        currency="USD",
        issued_on=date(2026, 3, 1),
        due_on=date(2026, 3, 15),
        language="en",
        page_size="Letter",
        studio=Studio("North Light", (), "US", "studio@northlight.example"),
        client=BilledClient("c1", "Ana", ("ana@client.example",)),
        session=BilledSession("j1", "Wedding", None, None, None),
        lines=(),
        subtotal_minor=15_000,
        pre_tax_discount_minor=0,
        taxes=(),
        after_tax_discount_minor=0,
        total_minor=15_000,
        deductions=(),
        amount_due_minor=15_000,
        collection=Collection.INVOICE,
    )


@pytest.fixture
def closed_address() -> Iterator[str]:
    """An address on loopback at which nobody listens, held so that nobody else takes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
