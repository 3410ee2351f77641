"""The rules for callers as the outermost part of an ASGI application, and what every answer carries."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billing.servers.callers import WEB_SOCKET, Caller, Refusal, Rules, refusal

EVERYWHERE = {"referrer-policy": "no-referrer", "x-content-type-options": "nosniff", "x-frame-options": "DENY"}
NOTHING_BUT_TEXT = "default-src 'none'; frame-ancestors 'none'"
ONLY_TLS = "max-age=31536000"  # a year; RFC 6797 allows it on secure lines only
_POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1; before the handshake is answered it becomes 403
_log = logging.getLogger("billing.servers")

MoreRules = Callable[[Scope], Refusal | None]


def _no_more(_scope: Scope) -> Refusal | None:
    return None


class Guard:
    """Answers whom the rules refuse, adds headers, and keeps the text of unforeseen errors out of answers and logs.

    `policy` is the Content-Security-Policy of answers that bring none. An application that is not `ours` gets it beside
    its own, as browsers hold a page to both, and deals with its errors itself. `more_rules` are asked after the common
    ones.
    """

    def __init__(
        self,
        app: ASGIApp,
        rules: Rules,
        policy: str = NOTHING_BUT_TEXT,
        headers: Mapping[str, str] = EVERYWHERE,
        more_rules: MoreRules = _no_more,
        ours: bool = True,
    ) -> None:
        self._app, self._rules, self._policy, self._more_rules = app, rules, policy, more_rules
        self._headers, self._ours = dict(headers), ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = refusal(_caller(scope), self._rules) or self._more_rules(scope)
        if refused:
            _log.warning("refused with %d: %s", refused.status, refused.sentence)
        if scope["type"] == "http":
            await self._answer(refused, scope, receive, send)
        elif refused:
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": refused.sentence})
        else:
            await self._app(scope, receive, send)

    async def _answer(self, refused: Refusal | None, scope: Scope, receive: Receive, send: Send) -> None:
        is_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                self._add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        try:
            app = self._app if refused is None else _turned_away(refused)
            await app(scope, receive, send_with_headers)
        except Exception as error:
            if not self._ours:
                raise
            _log.error("unforeseen: %s at %s", type(error).__name__, _place(error))
            if not is_begun:
                await PlainTextResponse("Something is wrong here.\n", 500)(scope, receive, send_with_headers)

    def _add_headers(self, headers: MutableHeaders, scope: Scope) -> None:
        headers.update(self._headers)
        if not (self._ours and "content-security-policy" in headers):
            headers.append("content-security-policy", self._policy)
        if _is_behind_tls(scope):
            headers["strict-transport-security"] = ONLY_TLS


def _caller(scope: Scope) -> Caller:
    method = scope["method"] if scope["type"] == "http" else WEB_SOCKET
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return Caller.of(method, headers, scope.get("http_version", "1.1"))


def _turned_away(refused: Refusal) -> PlainTextResponse:
    """The line is closed: nobody reads a body that comes with it."""
    return PlainTextResponse(f"{refused.sentence}\n", refused.status, {"connection": "close"})


def _is_behind_tls(scope: Scope) -> bool:
    """Whether the client came by TLS: to us, or to what stands before us."""
    return scope.get("scheme") in ("https", "wss") or Headers(scope=scope).get("x-forwarded-proto") == "https"


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
