"""Where `now` comes from: the machine's clock, or the sandbox's."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from time import monotonic

from billing.domain.errors import TemporaryError

PATIENCE_SECONDS = 60  # a busy sandbox must not stop what is under way


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SandboxTime:
    """The sandbox's clock, asked once a second at most; in between it runs on by itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._told: datetime | None = None
        self._asked_at = 0.0

    def now(self) -> datetime:
        if self._told is None or monotonic() - self._asked_at > 1:
            try:
                self._told, self._asked_at = self._ask(), monotonic()
            except TemporaryError:
                if self._told is None or monotonic() - self._asked_at > PATIENCE_SECONDS:
                    raise
        return self._told + timedelta(seconds=monotonic() - self._asked_at)

    def _ask(self) -> datetime:
        import httpx

        try:
            # The sandbox is asked without TLS: to load the machine's certificates would cost more than the question.
            no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            answer = httpx.get(self._url, timeout=5, verify=no_tls).raise_for_status()
            return datetime.fromisoformat(answer.json()["now"]).astimezone(UTC)
        except (httpx.HTTPError, KeyError, ValueError) as error:
            raise TemporaryError("clock", f"The sandbox's clock at {self._url} does not answer: {error}") from error
