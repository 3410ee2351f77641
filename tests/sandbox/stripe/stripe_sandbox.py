"""The stand-in for Stripe, spoken to by Stripe's own SDK: in process, or over a socket where the wire matters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from starlette.testclient import TestClient

from billing.sandbox.clock import SandboxClock
from billing.sandbox.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PUBLIC_URL = "http://testserver"


class InProcess(stripe.HTTPClient):
    """Carries the SDK's requests to an ASGI application instead of a socket."""

    name = "in-process"

    def __init__(self, http: TestClient) -> None:
        super().__init__()
        self._http = http

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None, *, _usage: Any = None
    ) -> tuple[str, int, Any]:
        answer = self._http.request(method, url, headers=dict(headers), content=post_data)
        return answer.text, answer.status_code, answer.headers

    def close(self) -> None:
        self._http.close()


@dataclass
class Sandbox:
    """One world: its store and clock, the SDK on it, plain HTTP to it, and the levers of /admin."""

    store: Store
    clock: SandboxClock
    http: TestClient
    url: str = PUBLIC_URL

    def sdk(self, key: str = "sk_test_sandbox") -> stripe.StripeClient:
        return stripe.StripeClient(key, base_addresses={"api": self.url}, http_client=InProcess(self.http))

    @property
    def v1(self) -> Any:
        return self.sdk().v1

    def admin(self, path: str, expect: int = 200, **given: Any) -> Any:
        answer = self.http.post(f"/admin/{path}", json=given)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def event_types(self) -> list[str]:
        """Oldest first."""
        return [event.type for event in self.v1.events.list({"limit": 100}).data][::-1]

    def customer_with(self, card: str = "pm_card_visa") -> tuple[str, str]:
        """A customer and a saved payment method."""
        customer = self.v1.customers.create({"email": "ada@example.com"}).id
        return customer, self.v1.payment_methods.attach(card, {"customer": customer}).id

    def charge(self, card: str = "pm_card_visa", amount: int = 10_000, **more: Any) -> Any:
        """A payment intent, created and confirmed at once, its charge expanded."""
        params = {"amount": amount, "currency": "usd", "payment_method": card, "confirm": True, **more}
        params = {"allowed_payment_method_types": ["card"], "expand": ["latest_charge"], **params}
        return self.v1.payment_intents.create(params)

    def link(self, amount: int = 25_000, limit: int | None = 1, **more: Any) -> Any:
        item = {"price_data": {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Portrait session"}}}
        restrictions = {"restrictions": {"completed_sessions": {"limit": limit}}} if limit else {}
        return self.v1.payment_links.create({"line_items": [{**item, "quantity": 1}], **restrictions, **more})

    def session(self, amount: int = 25_000, **more: Any) -> Any:
        item = {"price_data": {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Portrait session"}}}
        params = {"mode": "payment", "success_url": "https://studio.example/thanks?s={CHECKOUT_SESSION_ID}"}
        return self.v1.checkout.sessions.create({**params, "line_items": [{**item, "quantity": 1}], **more})


def refused(error: pytest.ExceptionInfo[Any]) -> tuple[int, str | None, str | None]:
    """(HTTP status, code, decline code) of an SDK error."""
    body = error.value.json_body["error"]
    return error.value.http_status, body.get("code"), body.get("decline_code")


@dataclass
class Wire:
    """The same over a real socket."""

    store: Store
    clock: SandboxClock
    url: str
    courier: Any

    def sdk(self, **options: Any) -> Any:
        return stripe.StripeClient("sk_test_sandbox", base_addresses={"api": self.url}, **options).v1
