"""The line to Pixieset's web application: session cookie and X-CSRF-Token, as a browser would send them.

Cookie and token are in no error and no log: httpx's exceptions, which hold the request, are never chained to ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from billing.domain.errors import BillingError, NeedsAttention, PermanentError, TemporaryError, UnknownOutcomeError

if TYPE_CHECKING:
    import httpx

_COOKIE = "pixieset_session"
_SIGNED_OUT = frozenset({401, 403, 419})  # 419 is the framework's "page expired": the CSRF token is too old


class PixiesetWeb:
    """GET ends in an answer, NeedsAttention or TemporaryError; PUT also in UnknownOutcomeError."""

    def __init__(
        self,
        base_url: str,
        session_cookie: str,
        csrf_token: str,
        timeout_seconds: float,
        transport: httpx.BaseTransport | None,
    ) -> None:
        import httpx

        secrets = (session_cookie.strip(), csrf_token.strip())
        if not all(secret and secret.isascii() and secret.isprintable() for secret in secrets):
            raise PermanentError(
                "pixieset_session_malformed",
                "The Pixieset session cookie or CSRF token is empty or mistyped;"
                " check pixieset_session_cookie and pixieset_csrf_token.",
            )
        self._base_url = base_url.rstrip("/")
        cookie = secrets[0] if "=" in secrets[0].rstrip("=") else f"{_COOKIE}={secrets[0]}"
        headers = {"Cookie": cookie, "X-CSRF-Token": secrets[1], "Accept": "application/json"}
        self._http = httpx.Client(headers=headers, timeout=timeout_seconds, transport=transport)

    def __repr__(self) -> str:
        return f"PixiesetWeb({self._base_url!r})"

    def close(self) -> None:
        self._http.close()

    def page(self, collection_id: str) -> str:
        """Where a person finds the collection."""
        host = self._base_url.split("/api/", 1)[0]
        return f"{host}/collections/{collection_id}"

    def by_hand(self, collection_id: str, why: str) -> NeedsAttention:
        """The task for a person."""
        return NeedsAttention(
            "pixieset_needs_person",
            f"Pixieset: {why}. Open (or close) collection {collection_id} by hand at {self.page(collection_id)}.",
        )

    def call(self, method: str, collection_id: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """GET or PUT one collection."""
        answer = self._send(method, collection_id, body)
        if isinstance(answer, BillingError):
            raise answer
        return answer

    def _send(self, method: str, collection_id: str, body: Mapping[str, Any] | None) -> dict[str, Any] | BillingError:
        import httpx

        url = f"{self._base_url}/collections/{collection_id}"
        try:
            response = self._http.request(method, url, json=body)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            return self.by_hand(collection_id, "its address is no web address; check pixieset_url")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return TemporaryError("pixieset_unreachable", "Pixieset cannot be reached.")
        except httpx.HTTPError as error:
            return self._doubtful(method, collection_id, f"broke off ({type(error).__name__})")
        return self._judge(method, collection_id, response)

    def _judge(self, method: str, collection_id: str, response: httpx.Response) -> dict[str, Any] | BillingError:
        status = response.status_code
        if status == 429:
            return TemporaryError("pixieset_rate_limited", "Pixieset wants fewer calls.", _seconds(response))
        if status >= 500:
            return self._doubtful(method, collection_id, f"was answered with {status}")
        if status in _SIGNED_OUT:
            return self.by_hand(collection_id, f"the session has ended ({status}); sign in anew and renew its settings")
        if status != 200:
            return self.by_hand(collection_id, f"it answered {status}, which is not expected")
        try:
            data = response.json()["data"]
        except (ValueError, LookupError, TypeError, RecursionError):
            data = None
        return data if isinstance(data, dict) else self.by_hand(collection_id, "its answer has changed shape")

    def _doubtful(self, method: str, collection_id: str, what: str) -> BillingError:
        if method == "GET":
            return TemporaryError("pixieset_unavailable", f"Reading from Pixieset {what}; it will be tried again.")
        return UnknownOutcomeError(
            "pixieset_outcome_unknown",
            f"Changing collection {collection_id} {what}; look at {self.page(collection_id)} how it stands.",
        )


def _seconds(response: httpx.Response) -> int | None:
    text = response.headers.get("Retry-After", "")
    return int(text[:5]) if text.isascii() and text.isdigit() else None
