"""Signed web hooks: off unless an endpoint is registered; sent by a thread of their own, best effort."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading

import httpx

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Body, Store
from billing.sandbox.stripe import faults, lists
from billing.sandbox.stripe.world import API_VERSION, World

_KIND = "stripe.webhook_endpoint"
_COUNT = "stripe:webhook_endpoints"
_PAUSES_SECONDS = (0.2, 1.0, 3.0)
_TIMEOUT_SECONDS = 5.0


def signature(payload: bytes, secret: str, at: int) -> str:
    """The Stripe-Signature header, https://docs.stripe.com/webhooks#verify-manually."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def register(world: World, url: str, secret: str) -> Body:
    endpoint: Body = {
        "id": world.new_id("webhook_endpoint"),
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": world.now,
        "description": None,
        "enabled_events": ["*"],
        "livemode": world.livemode,
        "metadata": {},
        "status": "enabled",
        "url": url,
        "_secret": secret,
    }
    world.save("webhook_endpoint", endpoint)
    _recount(world.store)
    return endpoint


def remove(world: World, id_: str) -> None:
    world.store.delete(_KIND, id_)
    _recount(world.store)


def list_(world: World, params: Body) -> Body:
    return lists.page(world, "webhook_endpoint", params, "/v1/webhook_endpoints")


def _recount(store: Store) -> None:
    store.set_setting(_COUNT, str(len(store.newest(_KIND))))


class Courier:
    """Carries events to the registered endpoints. `deliver` only puts the id into a queue and never waits.

    The thread reads the event from the store, which waits for the request's transaction to end: an event that was
    rolled back is never sent.
    """

    def __init__(self, store: Store, clock: SandboxClock) -> None:
        self._store, self._clock = store, clock
        self._waiting: queue.Queue[str | None] = queue.Queue()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._held_back: list[str] = []
        self._late: list[threading.Timer] = []

    def deliver(self, event_id: str) -> None:
        if int(self._store.setting(_COUNT) or 0) == 0:
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="stripe-webhooks", daemon=True)
                self._thread.start()
        self._waiting.put(event_id)

    def drain(self) -> None:
        """Wait until everything that is queued has been sent or given up."""
        self._waiting.join()
        for late in self._late:
            late.join()

    def close(self) -> None:
        self._stopped.set()
        self._waiting.put(None)
        for late in self._late:
            late.cancel()
        if self._thread is not None:
            self._thread.join(timeout=_TIMEOUT_SECONDS * 2)

    def send(self, client: httpx.Client, event_id: str) -> None:
        event = self._store.get("stripe.event", event_id)
        if event is None:
            return
        payload = json.dumps({name: value for name, value in event.items() if not name.startswith("_")}).encode()
        for endpoint in reversed(self._store.newest(_KIND)):
            if endpoint["livemode"] == event["livemode"]:
                self._try(client, endpoint, payload)

    def _run(self) -> None:
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            while (event_id := self._waiting.get()) is not None and not self._stopped.is_set():
                if not self._break(client, event_id):
                    for one in (event_id, *self._held_back):
                        self.send(client, one)
                    self._held_back.clear()
                self._waiting.task_done()

    def _break(self, client: httpx.Client, event_id: str) -> bool:
        """Treat the web hook as a fault was ordered for it; False if none was."""
        event = self._store.get("stripe.event", event_id)
        fault = faults.take_webhook(self._store, event["type"]) if event else None
        if fault is None:
            return False
        kind = fault["kind"]
        if kind == "webhook_reordered":
            self._held_back.append(event_id)
        elif kind == "webhook_doubled":
            beside = threading.Thread(target=self.send, args=(client, event_id))
            beside.start()
            self.send(client, event_id)
            beside.join()
        elif kind == "webhook_late":
            late = threading.Timer(fault["delay_ms"] / 1000, self._send_late, (event_id,))
            late.daemon = True
            self._late.append(late)
            late.start()
        return True

    def _send_late(self, event_id: str) -> None:
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            self.send(client, event_id)

    def _try(self, client: httpx.Client, endpoint: Body, payload: bytes) -> None:
        for pause in (*_PAUSES_SECONDS, None):
            signed = signature(payload, endpoint["_secret"], self._clock.timestamp())
            headers = {"stripe-signature": signed, "content-type": "application/json; charset=utf-8"}
            try:
                if client.post(endpoint["url"], content=payload, headers=headers).is_success:
                    return
            except httpx.HTTPError:
                pass  # a receiver that is down is told again, a few times
            if pause is None or self._stopped.wait(pause):
                return
