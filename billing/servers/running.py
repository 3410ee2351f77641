"""Running an ASGI application until a signal ends it: what has been begun is finished."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from billing.servers.line import Limits, Line

FINISH_SECONDS_AT_MOST = 10
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _said_elsewhere() -> None:
    """Whoever started it asks it whether it is up."""


class Server(uvicorn.Server):
    """uvicorn, saying when it accepts connections."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, bound before anybody is told its address; 0 is any free port. OSError if it is taken."""
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for an ACK
    return listener


def config_of(app: ASGIApp, limits: Limits = Limits(), **more: Any) -> uvicorn.Config:
    """No access log and no proxy's word for who asks; requests that are under way have some seconds to end."""
    line = type("LimitedLine", (Line,), {"limits": limits})
    return uvicorn.Config(
        app,
        http=line,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        **{"ws": "none", "lifespan": "off", "timeout_graceful_shutdown": FINISH_SECONDS_AT_MOST, **more},
    )


def serve(app: ASGIApp, listener: socket.socket, on_started: Callable[[], None] = _said_elsewhere, **more: Any) -> None:
    """Serve until SIGINT or SIGTERM, and return. `more` is uvicorn's."""
    with contextlib.closing(listener), a_signal_is_a_clean_end():
        Server(config_of(app, **more), on_started).run(sockets=[listener])


@contextlib.contextmanager
def a_signal_is_a_clean_end() -> Iterator[None]:
    """uvicorn stops on a signal and raises it again when it is done: caught here, the process ends with 0."""
    before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
