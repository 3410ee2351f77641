"""The line to VSCO Workspace: one call in, one answer or one of our errors out.

The key travels in the X-API-KEY header and nowhere else. httpx's exceptions hold the request with its headers, so none
of them is chained to ours: every error is raised after its `except` block has been left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from billing.adapters.vsco import jsontext
from billing.adapters.vsco.refusals import refusal, retry_after_seconds
from billing.domain.errors import (
    BillingError,
    PermanentError,
    RefusedAccess,
    TemporaryError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    import httpx

Query = Mapping[str, str | int]

# A pooled connection that the server has just closed would turn a harmless POST into an unknown outcome.
_KEEPALIVE_SECONDS = 2.0


class Pace(Protocol):
    """What is let through in a second, by everybody together."""

    def wait(self) -> None: ...

    def slow_down(self, seconds: int | None) -> None: ...


class VscoClient:
    """Reads (GET) end in an answer, PermanentError or TemporaryError; writes also in UnknownOutcomeError."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        timeout_seconds: float,
        transport: httpx.BaseTransport | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Every call waits for its turn at `pace`; a 429 slows everybody down."""
        import httpx

        key = api_key.strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise PermanentError(
                "vsco_api_key_malformed", "The VSCO Workspace API key is empty or mistyped; check vsco_api_key."
            )
        self._key = key
        self._base_url = base_url.rstrip("/")
        self._pace = pace
        self._http = httpx.Client(
            headers={"X-API-KEY": key, "Accept": "application/json", "Content-Type": "application/json"},
            timeout=timeout_seconds,
            limits=httpx.Limits(keepalive_expiry=_KEEPALIVE_SECONDS),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"VscoClient({self._base_url!r})"

    def close(self) -> None:
        self._http.close()

    def read(self, path: str, query: Query | None = None) -> dict[str, Any]:
        """GET one JSON object."""
        answer = self._send("GET", path, query=query)
        if isinstance(answer, BillingError):
            raise answer
        return answer

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST or PUT one JSON object and return the one that came back."""
        answer = self._send(method, path, body=body)
        if isinstance(answer, BillingError):
            raise answer
        return answer

    def _send(
        self, method: str, path: str, *, query: Query | None = None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | BillingError:
        import httpx

        what = f"{method} {path}"
        if self._pace:
            self._pace.wait()
        try:
            content = None if body is None else jsontext.canonical(body).encode()
            response = self._http.request(method, self._base_url + path, params=query, content=content)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            return RefusedAccess("vsco_url", f"{self._base_url!r} is no web address; check the setting vsco_url.")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return TemporaryError("vsco_unreachable", f"VSCO Workspace cannot be reached ({type(error).__name__}).")
        except httpx.HTTPError as error:
            return self._doubtful(method, f"{what} broke off ({type(error).__name__})")
        return self._judge(method, what, response)

    def _judge(self, method: str, what: str, response: httpx.Response) -> dict[str, Any] | BillingError:
        status = response.status_code
        if status == 429:
            wait = retry_after_seconds(response.headers.get("Retry-After"), response.headers.get("Date"))
            if self._pace:
                self._pace.slow_down(wait)
            return TemporaryError("vsco_rate_limited", f"VSCO Workspace wants fewer calls ({what}).", wait)
        if status >= 500 or status == 408:
            return self._doubtful(method, f"{what} was answered with {status}")
        if status >= 300:
            return refusal(what, status, response.text.replace(self._key, "***"))
        try:
            answer = jsontext.parse(response.content)
        except ValueError:
            return self._doubtful(method, f"{what} was answered with text that is no JSON")
        if not isinstance(answer, dict):
            return self._doubtful(method, f"{what} was answered with something that is no JSON object")
        return answer

    def _doubtful(self, method: str, sentence: str) -> BillingError:
        """Nobody knows what became of the call: for a read that does no harm, for a write it must be found out."""
        if method == "GET":
            return TemporaryError("vsco_unavailable", f"VSCO Workspace: {sentence}; it will be tried again.")
        return UnknownOutcomeError(
            "vsco_outcome_unknown", f"VSCO Workspace: {sentence}; look there whether it was carried out."
        )
