"""One HTTP line of uvicorn with limits: how long a request may take to arrive, and how many lines there may be.

uvicorn itself waits for ever for the head of a request, and its `limit_concurrency` is looked at when the head is
there. Its h11 protocol is used, and not httptools: h11 says at any moment what the other side still owes, and the
limits follow from that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from billing.servers.guard import EVERYWHERE, NOTHING_BUT_TEXT


@dataclass(frozen=True, slots=True)
class Limits:
    """`head`: from the line's begin, or the last answer, to the end of the next head; `body`: from there to its end.

    `unread`: how long an answer may wait for somebody who does not read it. Where there are too many lines, in all or
    from one address, the one that has owed its head for longest makes room: who asks at once is let in.
    """

    head_seconds: float = 10
    body_seconds: float = 30
    unread_seconds: float = 30
    lines: int = 512
    lines_of_one_address: int = 256


class Line(H11Protocol):
    """A subclass with its own `limits` is what uvicorn is given."""

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._owed: Any = None  # h11's state of the other side while we wait for it
        self._owed_since = 0.0
        self._deadline: asyncio.TimerHandle | None = None
        self._last_patience: asyncio.TimerHandle | None = None
        self._is_handed_over = False
        self._has_spoken = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()
        self._keep_to(self.limits.lines, [*self.connections])
        address = (self.client or ("",))[0]
        self._keep_to(self.limits.lines_of_one_address, [one for one in self.connections if _address(one) == address])

    def data_received(self, data: bytes) -> None:
        self._has_spoken = True
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._has_spoken = False
        self._watch()
        if self.transport.is_closing():
            self._lose_patience()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._is_handed_over = True
        self._forget_deadline()
        super().handle_websocket_upgrade(event)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._lose_patience()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._lose_patience()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._regain_patience()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        self._regain_patience()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """uvicorn answers what is no HTTP by itself, past the application: with the same headers as all the rest."""
        self._answer_and_close("400 Bad Request", msg)

    @property
    def owes_a_head_since(self) -> float | None:
        return self._owed_since if self._owed is h11.IDLE else None

    def _watch(self) -> None:
        """A limit for what the other side owes; more of the same does not extend it."""
        state = self.conn.their_state
        owed = state if state in (h11.IDLE, h11.SEND_BODY) and not self._is_handed_over else None
        if owed is self._owed:
            return
        self._forget_deadline()
        if owed is not None:
            seconds = self.limits.head_seconds if owed is h11.IDLE else self.limits.body_seconds
            self._owed, self._owed_since = owed, self.loop.time()
            self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline, self._owed = None, None

    def _too_slow(self) -> None:
        if self._owed is h11.IDLE and self._has_spoken:
            self._answer_and_close("408 Request Timeout", "The request did not arrive in time.")
        else:
            self.transport.abort()

    def _keep_to(self, at_most: int, lines: list[Any]) -> None:
        if len(lines) <= at_most or self.transport.is_closing():
            return
        idle = [line for line in lines if isinstance(line, Line) and line.owes_a_head_since is not None]
        longest = min((line for line in idle if line is not self), key=lambda line: line._owed_since, default=None)
        if longest is not None:
            longest.transport.abort()
        else:
            self._answer_and_close("503 Service Unavailable", "There are too many connections; come again.")

    def _answer_and_close(self, status: str, sentence: str) -> None:
        headers = EVERYWHERE | {"content-security-policy": NOTHING_BUT_TEXT, "cache-control": "no-store"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = f"{sentence}\n"
        self.transport.write(
            f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n{head}"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()
        )
        self._forget_deadline()
        self.transport.close()
        self._lose_patience()

    def _lose_patience(self) -> None:
        if self._last_patience is None:
            self._last_patience = self.loop.call_later(self.limits.unread_seconds, self.transport.abort)

    def _regain_patience(self) -> None:
        if self._last_patience is not None:
            self._last_patience.cancel()
            self._last_patience = None


def _address(line: Any) -> str:
    return (getattr(line, "client", None) or ("",))[0]
