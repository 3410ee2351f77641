"""What every answer of the portal carries, errors too, and what becomes of an error that nobody foresaw."""

from __future__ import annotations

import logging
import traceback

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
ONLY_TLS = "max-age=31536000"  # a year; RFC 6797 allows it on secure lines only
_log = logging.getLogger("billing.portal")


class EveryAnswer:
    """Outermost: adds the headers, and keeps the text of unforeseen errors, which may hold anything, out of the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if _is_behind_tls(scope):
                    headers["strict-transport-security"] = ONLY_TLS
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            _log.error("unforeseen: %s at %s", type(error).__name__, _place(error))
            if not is_begun:
                await PlainTextResponse("Something is wrong here.\n", 500)(scope, receive, send_with_headers)


def _is_behind_tls(scope: Scope) -> bool:
    """Whether the client came by TLS: to us, or to what stands before us."""
    return scope.get("scheme") == "https" or Headers(scope=scope).get("x-forwarded-proto") == "https"


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
