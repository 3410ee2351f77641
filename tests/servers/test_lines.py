"""How long a line may idle, and how many there may be: over real sockets, with short limits."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from portals import served_in_a_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from billing.servers.line import Limits

PATIENCE_SECONDS = 20
ASKED = b"GET /ok HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SHORT = Limits(head_seconds=0.4, body_seconds=0.6, unread_seconds=0.6, lines=40, lines_of_one_address=30)


class Slow:
    """Answers /slow when it is told to."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Semaphore(0), threading.Event()

    async def answer(self, _request: Request) -> Response:
        self.begun.release()
        while not self.may_end.is_set():
            await asyncio.sleep(0.01)
        return PlainTextResponse("slow")


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.may_end.set()


@pytest.fixture
def port(slow: Slow) -> Iterator[int]:
    async def fine(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def large(_request: Request) -> Response:
        return PlainTextResponse("x" * 50_000_000)

    async def echo(web_socket: WebSocket) -> None:
        await web_socket.accept()
        await web_socket.send_text(await web_socket.receive_text())
        await web_socket.close()

    routes = [Route("/ok", fine), Route("/slow", slow.answer), Route("/large", large), WebSocketRoute("/echo", echo)]
    with served_in_a_thread(Starlette(routes=routes), SHORT, ws="websockets-sansio") as port:
        yield port


def line_to(port: int, source: str = "127.0.0.1") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS, source_address=(source, 0))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def rest_of(line: socket.socket) -> bytes:
    """What comes until the other side ends the line; TimeoutError if it does not."""
    with contextlib.suppress(ConnectionResetError):
        return b"".join(iter(lambda: line.recv(65_536), b""))
    return b""


def dribble(line: socket.socket, data: bytes, every_seconds: float = 0.05) -> float:
    """Send byte after byte, faster than any limit, until the other side has had enough; for how long that was."""
    began = time.monotonic()
    with contextlib.suppress(OSError):
        for number in range(100_000):
            line.sendall(data[number % len(data) :][:1])
            time.sleep(every_seconds)
            if time.monotonic() - began > PATIENCE_SECONDS:
                break
    return time.monotonic() - began


def test_a_line_on_which_nothing_is_asked_is_ended(port: int) -> None:
    with line_to(port) as line:
        assert rest_of(line) == b""


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(port: int) -> None:
    with line_to(port) as line:
        line.sendall(b"GET /ok HTTP/1.1\r\n")

        assert dribble(line, b"x") < PATIENCE_SECONDS / 2


def test_half_a_head_is_answered_that_it_came_too_late(port: int) -> None:
    with line_to(port) as line:
        line.sendall(b"GET /ok HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        said = rest_of(line)

    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"x-content-type-options: nosniff" in said


def test_a_body_that_nobody_reads_and_that_never_ends_is_not_waited_for(port: int) -> None:
    with line_to(port) as line:
        line.sendall(b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n")

        assert dribble(line, b"x") < PATIENCE_SECONDS / 2


def test_who_is_answered_and_says_nothing_more_is_ended(port: int) -> None:
    with line_to(port) as line:
        line.sendall(ASKED)
        said = rest_of(line)

    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"ok")


def test_who_asks_for_much_and_reads_nothing_is_ended(port: int) -> None:
    with line_to(port) as line:
        line.sendall(ASKED.replace(b"/ok", b"/large"))
        line.recv(1)
        time.sleep(SHORT.unread_seconds * 3)

        assert len(rest_of(line)) < 50_000_000


def test_an_answer_may_take_longer_than_a_request(port: int, slow: Slow) -> None:
    with line_to(port) as line:
        line.sendall(ASKED.replace(b"/ok", b"/slow"))
        slow.begun.acquire(timeout=PATIENCE_SECONDS)
        time.sleep(SHORT.head_seconds * 2)
        slow.may_end.set()

        assert rest_of(line).endswith(b"slow")


def test_a_web_socket_lives_on(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/echo") as web_socket:
        time.sleep(SHORT.body_seconds * 2)
        web_socket.send("still there")

        assert web_socket.recv() == "still there"


def test_where_many_idle_who_asks_is_let_in(port: int) -> None:
    with contextlib.ExitStack() as lines:
        idle = [lines.enter_context(line_to(port)) for _ in range(190)]

        assert httpx.get(f"http://127.0.0.1:{port}/ok").text == "ok"
        assert [rest_of(line) for line in idle] == [b""] * 190


def test_one_address_does_not_take_the_places_of_all(port: int, slow: Slow) -> None:
    with contextlib.ExitStack() as lines:
        busy = [lines.enter_context(line_to(port)) for _ in range(SHORT.lines_of_one_address)]
        for line in busy:
            line.sendall(ASKED.replace(b"/ok", b"/slow"))
            assert slow.begun.acquire(timeout=PATIENCE_SECONDS)

        with line_to(port) as one_more, line_to(port, "127.0.0.2") as another:
            another.sendall(ASKED)

            assert rest_of(one_more).startswith(b"HTTP/1.1 503 ")
            assert rest_of(another).startswith(b"HTTP/1.1 200 ")
        slow.may_end.set()
        assert all(rest_of(line).endswith(b"slow") for line in busy)
