"""Events as Stripe sends them, signed as Stripe signs them, and the endpoint that they are brought to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from fakes import FakeClock
from sqlalchemy import text
from starlette.types import ASGIApp

from billing.adapters.ledger.unit_of_work import SqlLedger

Headers = dict[str, str] | list[tuple[bytes, bytes]]
SECRET = "whsec_of_the_tests"
PINNED = "acct_1 test"


def event(event_id: str = "evt_1", kind: str = "payment_intent.succeeded", **changes: Any) -> dict[str, Any]:
    subject = {"id": "pi_1", "object": "payment_intent", "amount": 50_000}
    plain = {"id": event_id, "object": "event", "type": kind, "created": 1_772_000_000, "livemode": False}
    return {**plain, "data": {"object": subject}, **changes}


def signed(raw: bytes, at: int | str, *secrets: str) -> str:
    macs = [hmac.new(one.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest() for one in secrets]
    return ",".join([f"t={at}", *(f"v1={mac}" for mac in macs)])


@dataclass
class Endpoint:
    """One endpoint and its ledger. `bring` sends what is well signed now unless told otherwise."""

    app: ASGIApp
    ledger: SqlLedger
    clock: FakeClock
    transport: httpx.ASGITransport

    def bring(
        self, body: object = None, *, header: str | None = None, seconds: int = 0, secrets: tuple[str, ...] = (SECRET,)
    ) -> httpx.Response:
        """`body`: bytes as they are, all else as JSON; `seconds`: how far ahead of our clock it was signed."""
        raw = body if isinstance(body, bytes) else json.dumps(event() if body is None else body).encode()
        at = int((self.clock.now() + timedelta(seconds=seconds)).timestamp())
        return self.ask("POST", "/hooks/stripe", raw, {"stripe-signature": header or signed(raw, at, *secrets)})

    def ask(self, method: str, path: str, raw: bytes = b"", headers: Headers | None = None) -> httpx.Response:
        async def send() -> httpx.Response:
            async with self.client() as client:
                return await client.request(method, path, content=raw, headers=headers)

        return asyncio.run(send())

    def bring_at_once(self, events: Sequence[dict[str, Any]]) -> list[str]:
        """All at the same instant; what each was answered."""

        async def send() -> list[str]:
            async with self.client() as client:
                at = int(self.clock.now().timestamp())
                bodies = [json.dumps(one).encode() for one in events]
                headers = [{"stripe-signature": signed(raw, at, SECRET)} for raw in bodies]
                posts = [
                    client.post("/hooks/stripe", content=raw, headers=head)
                    for raw, head in zip(bodies, headers, strict=True)
                ]
                return [answer.text.strip() for answer in await asyncio.gather(*posts)]

        return asyncio.run(send())

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport, base_url="http://hooks.example")

    def inbox(self) -> list[tuple[str, str, str | None]]:
        """(event id, state, reason), oldest first."""
        query = text("select event_id, state, reason from provider_events order by inbox_id")
        with self.ledger.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]
