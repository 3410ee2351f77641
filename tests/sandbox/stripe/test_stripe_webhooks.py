"""Web hooks are signed as Stripe signs them, retried a few times, and off unless somebody asked for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
import stripe
from stripe_sandbox import Sandbox

from billing.sandbox.stripe import webhooks
from billing.sandbox.stripe.webhooks import Courier

_SECRET = "whsec_sandbox"


class Receiver:
    """A web server that keeps what it is sent and answers with the next of its `answers` (200 when none is left)."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.received.append((body, self.headers["stripe-signature"]))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.01,))
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


@pytest.fixture
def courier(sandbox: Sandbox) -> Courier:
    courier: Courier = sandbox.http.app.state.courier
    return courier


def test_nothing_is_sent_unless_registered(sandbox: Sandbox, courier: Courier) -> None:
    sandbox.charge()

    courier.drain()
    assert sandbox.v1.events.list().data[0].pending_webhooks == 0
    assert sandbox.v1.webhook_endpoints.list().data == []


def test_events_arrive_signed_and_in_order(sandbox: Sandbox, courier: Courier, receiver: Receiver) -> None:
    sandbox.clock.release()
    sandbox.store.set_setting("clock:offset_seconds", "0")
    endpoint = sandbox.admin("webhook_endpoint", url=receiver.url, secret=_SECRET)
    assert "secret" not in str(sandbox.v1.webhook_endpoints.list().data[0].to_dict())

    sandbox.charge()
    courier.drain()

    events = [stripe.Webhook.construct_event(body, header, _SECRET) for body, header in receiver.received]
    assert [event.type for event in events] == sandbox.event_types()
    assert events[0].pending_webhooks == 1
    sandbox.http.delete(f"/admin/webhook_endpoint/{endpoint['id']}")
    sandbox.charge()
    courier.drain()
    assert len(receiver.received) == len(events)


def test_an_event_that_was_rolled_back_is_never_sent(sandbox: Sandbox, courier: Courier, receiver: Receiver) -> None:
    sandbox.admin("webhook_endpoint", url=receiver.url, secret=_SECRET)

    with pytest.raises(stripe.InvalidRequestError):
        sandbox.charge(expand=["nothing"])
    courier.drain()

    assert receiver.received == []
    assert sandbox.store.effect_counts() == {}


def test_a_receiver_that_is_down_is_told_again(
    sandbox: Sandbox, courier: Courier, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_PAUSES_SECONDS", (0.0, 0.0))
    sandbox.admin("webhook_endpoint", url=receiver.url, secret=_SECRET)
    receiver.answers = [500, 503]

    sandbox.v1.customers.create()
    courier.drain()

    assert len(receiver.received) == 3


def test_a_receiver_that_is_gone_is_given_up(
    sandbox: Sandbox, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_PAUSES_SECONDS", (0.0,))
    sandbox.admin("webhook_endpoint", url="http://127.0.0.1:9/hook", secret=_SECRET)

    sandbox.v1.customers.create()
    courier.drain()

    assert sandbox.v1.customers.list().data


def test_closing_does_not_wait_for_the_next_try(sandbox: Sandbox, courier: Courier) -> None:
    sandbox.admin("webhook_endpoint", url="http://127.0.0.1:9/hook", secret=_SECRET)
    sandbox.v1.customers.create()

    courier.close()

    assert threading.active_count() < 50


def test_live_events_go_to_live_endpoints(sandbox: Sandbox, courier: Courier, receiver: Receiver) -> None:
    sandbox.admin("webhook_endpoint", url=receiver.url, secret=_SECRET, livemode=True)

    sandbox.v1.customers.create()
    sandbox.sdk("sk_live_x").v1.customers.create()
    courier.drain()

    assert [b'"livemode": true' in body for body, _ in receiver.received] == [True]


def test_an_event_that_is_gone_is_not_sent(courier: Courier) -> None:
    with httpx.Client() as client:
        courier.send(client, "evt_none")


def _types(receiver: Receiver) -> list[str]:
    return [stripe.Webhook.construct_event(*one, _SECRET, tolerance=None).type for one in receiver.received]


@pytest.mark.parametrize(
    ("kind", "arrived"),
    [
        ("webhook_lost", lambda told: told[1:]),
        ("webhook_doubled", lambda told: [told[0], *told]),
        ("webhook_late", lambda told: [*told[1:], told[0]]),
        ("webhook_reordered", lambda told: [told[1], told[0], *told[2:]]),
    ],
)
def test_web_hooks_go_astray_as_ordered(
    sandbox: Sandbox, courier: Courier, receiver: Receiver, kind: str, arrived: Callable[[list[str]], list[str]]
) -> None:
    sandbox.admin("webhook_endpoint", url=receiver.url, secret=_SECRET)
    sandbox.admin("faults", kind=kind, delay_ms=300)

    sandbox.charge()
    courier.drain()

    assert _types(receiver) == arrived(sandbox.event_types())


def test_an_order_for_a_web_hook_breaks_no_call_and_waits_for_its_own_type(
    sandbox: Sandbox, courier: Courier, receiver: Receiver
) -> None:
    sandbox.admin("webhook_endpoint", url=receiver.url, secret=_SECRET)
    sandbox.admin("faults", kind="webhook_lost", path_suffix="payment_intent.succeeded")

    sandbox.charge()
    courier.drain()

    assert _types(receiver) == [one for one in sandbox.event_types() if one != "payment_intent.succeeded"]
