"""POST /hooks/stripe: read no more than is allowed, believe only what is signed, answer 200 after the commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from billing.adapters.stripe_gateway.webhook import check_signature, read_event
from billing.domain.errors import PermanentError, TemporaryError
from billing.ports.ledger import Ledger
from billing.ports.outside import Clock
from billing.services.intake.receive_events import receive_event

BODY_BYTES_AT_MOST = 1024 * 1024  # Stripe's events are a few kilobytes
BODY_SECONDS_AT_MOST = 10.0
AT_ONCE_AT_MOST = 256  # more wait outside: Stripe sends again
RETRY_AFTER_SECONDS = 10
_WRITERS = 8  # the ledger takes one at a time; more would only hold connections
_PROVIDER = "stripe"
_log = logging.getLogger("billing.portal")


class Refused(Exception):
    """The request is not taken; nothing was kept."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


class StripeWebHook:
    """The endpoint. `secrets`: of the web-hook endpoint at Stripe, the new one and the old one while one is rolled."""

    def __init__(self, ledger: Ledger, clock: Clock, secrets: Sequence[str]) -> None:
        self._ledger, self._clock, self._secrets = ledger, clock, tuple(secrets)
        self._writers = CapacityLimiter(_WRITERS)
        self._inside = 0

    async def __call__(self, request: Request) -> Response:
        """200 once the event is durable or of no use to us, 4xx for what is no event of ours, 503 to send it again."""
        if self._inside >= AT_ONCE_AT_MOST:
            return _come_again("too many at once")
        self._inside += 1
        try:
            signature = _signature(request)
            raw = await _body(request)
            became = await to_thread.run_sync(self._take, raw, signature, limiter=self._writers)
        except Refused as refused:
            return _refusal(refused.status, refused.sentence)
        except PermanentError as error:
            return _refusal(400, error.sentence)
        except TemporaryError as error:
            return _come_again(error.code)
        finally:
            self._inside -= 1
        return PlainTextResponse(f"{became}\n")

    def _take(self, raw: bytes, signature: str) -> str:
        """In a thread: the ledger may wait for its turn. Returns when it is committed."""
        now = self._clock.now()
        check_signature(raw, signature, self._secrets, now)
        event = read_event(raw)
        if event is None:
            return "not used"
        became = receive_event(self._ledger, _PROVIDER, event, now)
        _log.info("%s %s: %s", event.kind, event.event_id, became)
        return became


def _signature(request: Request) -> str:
    given = request.headers.getlist("stripe-signature")
    if len(given) != 1:
        raise Refused(400, "There must be one Stripe-Signature header.")
    return given[0]


async def _body(request: Request) -> bytes:
    """The raw body, never more of it than is allowed: whatever Content-Length says, and when it says nothing."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal():
        raise Refused(400, "Content-Length is no number.")
    if len(length) > len(str(BODY_BYTES_AT_MOST)) or int(length) > BODY_BYTES_AT_MOST:
        raise Refused(413, "The body is too large.")
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_AT_MOST):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > BODY_BYTES_AT_MOST:
                    raise Refused(413, "The body is too large.")
    except TimeoutError:
        raise Refused(408, "The body did not arrive in time.") from None
    except ClientDisconnect:
        raise Refused(400, "The body did not arrive whole.") from None
    return bytes(raw)


def _refusal(status: int, sentence: str) -> Response:
    """Where a body was left unread the line is closed: nobody reads the rest of it."""
    _log.warning("refused with %d: %s", status, sentence)
    return PlainTextResponse(f"{sentence}\n", status, {"connection": "close"} if status in (408, 413) else None)


def _come_again(code: str) -> Response:
    """Nothing was kept, or nobody knows: Stripe sends it again, and twice is once."""
    _log.warning("to be sent again: %s", code)
    return PlainTextResponse("Not now; send it again.\n", 503, {"retry-after": str(RETRY_AFTER_SECONDS)})
