"""The guard before an application: refused requests never reach it, and every answer carries the headers."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from billing.servers.callers import Refusal, Rules
from billing.servers.guard import EVERYWHERE, NOTHING_BUT_TEXT, Guard

LOCAL = "http://127.0.0.1:3000"


class Behind:
    """An application that counts who reaches it."""

    def __init__(self) -> None:
        self.reached = 0

    def app(self) -> Starlette:
        async def change(request: Request) -> Response:
            self.reached += 1
            return PlainTextResponse("done", headers={"content-security-policy": "script-src 'nonce-1'"})

        async def talk(socket: WebSocket) -> None:
            self.reached += 1
            await socket.accept()
            await socket.close()

        async def broken(_request: Request) -> Response:
            raise RuntimeError("canary")

        change_ = Route("/change", change, methods=["GET", "POST"])
        return Starlette(routes=[change_, Route("/broken", broken), WebSocketRoute("/talk", talk)])


def ask(guard: Guard, method: str, path: str, **headers: str) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url=LOCAL) as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, path, headers=named)

    return asyncio.run(send())


def test_a_refused_request_does_not_reach_the_application() -> None:
    behind = Behind()
    guard = Guard(behind.app(), Rules())

    refused = ask(guard, "POST", "/change", origin="http://evil.example")
    assert (refused.status_code, behind.reached) == (403, 0)
    assert refused.headers["connection"] == "close"
    assert refused.headers.items() >= EVERYWHERE.items()

    assert ask(guard, "POST", "/change", origin=LOCAL).status_code == 200
    assert behind.reached == 1


def test_a_web_socket_from_another_site_is_refused_at_its_handshake() -> None:
    behind = Behind()
    client = TestClient(Guard(behind.app(), Rules()), base_url=LOCAL)

    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/talk", headers={"origin": "http://evil.example"}),
    ):
        pytest.fail("it was accepted")
    assert behind.reached == 0

    with client.websocket_connect("/talk", headers={"origin": LOCAL, "host": "127.0.0.1:3000"}):
        pass
    assert behind.reached == 1


def test_an_answer_without_a_policy_gets_ours_and_one_that_has_one_keeps_it() -> None:
    ours = Guard(Behind().app(), Rules())
    theirs = Guard(Behind().app(), Rules(), "frame-ancestors 'none'", ours=False)

    assert ask(ours, "GET", "/nowhere").headers["content-security-policy"] == NOTHING_BUT_TEXT
    assert ask(ours, "GET", "/change").headers.get_list("content-security-policy") == ["script-src 'nonce-1'"]
    assert ask(theirs, "GET", "/change").headers.get_list("content-security-policy") == [
        "script-src 'nonce-1'", "frame-ancestors 'none'",
    ]  # fmt: skip


def test_a_server_can_have_rules_of_its_own_after_the_common_ones() -> None:
    behind = Behind()
    guard = Guard(behind.app(), Rules(), more_rules=lambda _scope: Refusal(404, "Not here."))

    assert ask(guard, "GET", "/change").status_code == 404
    assert ask(guard, "GET", "/change", host="evil.example").status_code == 400
    assert behind.reached == 0


def test_an_error_that_nobody_foresaw_is_500_and_its_text_is_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(Guard(Behind().app(), Rules()), "GET", "/broken")

    assert answer.status_code == 500
    assert answer.headers.items() >= EVERYWHERE.items()
    assert "unforeseen: RuntimeError" in caplog.text
    assert "canary" not in answer.text + "".join(
        record.getMessage() for record in caplog.records if record.name == "billing.servers"
    )


def test_what_begins_and_ends_an_application_passes() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    asyncio.run(Guard(app, Rules())({"type": "lifespan"}, None, None))  # type: ignore[arg-type]

    assert seen == ["lifespan"]


def test_a_refusal_is_in_the_log_without_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "billing.servers")

    ask(Guard(Behind().app(), Rules()), "POST", "/change?canary", origin="http://canary.example")

    assert "refused with 403" in caplog.text
    assert "canary" not in caplog.text
