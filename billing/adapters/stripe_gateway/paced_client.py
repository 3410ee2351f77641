"""The one way to Stripe: every request of the SDK waits for its turn here, and a 429 slows all of them down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import stripe

from billing.adapters.stripe_gateway.failures import note_request


class Pace(Protocol):
    """What is let through in a second, by everybody together."""

    def wait(self) -> None: ...

    def slow_down(self, seconds: int | None) -> None: ...


class PacedClient(stripe.HTTPXClient):
    """The SDK's HTTP client over one pool of connections for all threads (its default, requests, has one for each).

    Only the plain, synchronous request is open: there is no way around the pace.
    """

    def __init__(self, timeout: httpx.Timeout, pace: Pace | None) -> None:
        super().__init__(timeout=timeout, allow_sync_methods=True)
        self._pace = pace

    def request(  # type: ignore[override]  # as HTTPXClient itself has it
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        if self._pace is not None:
            self._pace.wait()
        content, status, answered = super().request(method, url, headers, post_data)
        note_request(method.upper(), urlsplit(url).path, answered.get("request-id"))
        if self._pace is not None and status == httpx.codes.TOO_MANY_REQUESTS:
            self._pace.slow_down(seconds_asked_for(answered))
        return content, status, answered

    def request_stream(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("Stripe is asked by PacedClient.request only")

    async def request_async(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("Stripe is asked by PacedClient.request only")

    async def request_stream_async(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("Stripe is asked by PacedClient.request only")


def seconds_asked_for(headers: Mapping[str, str]) -> int | None:
    """The Retry-After of an answer, where it is a number of seconds."""
    value = headers.get("retry-after", "")
    return int(value) if value.isascii() and value.isdigit() else None
