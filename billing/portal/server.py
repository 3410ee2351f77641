"""Running the portal until a signal ends it: what has been begun is finished, and the ledger is closed."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from billing.bootstrap import clock_of, open_ledger
from billing.domain.errors import PermanentError
from billing.portal.app import build_portal
from billing.portal.every_answer import HEADERS
from billing.portal.web_hooks import StripeDoor
from billing.settings import Settings

FINISH_SECONDS_AT_MOST = 10
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Line(H11Protocol):
    """uvicorn answers what is no HTTP by itself, past the application: with the same headers as all the rest."""

    def send_400_response(self, msg: str) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        body = f"{msg}\n"
        self.transport.write(
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n{head}"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode()
        )
        self.transport.close()


class Server(uvicorn.Server):
    """uvicorn, saying when it accepts connections."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


def listen(host: str, port: int) -> socket.socket:
    """PermanentError `port_taken` when nobody can listen there; 0 is any free port."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise PermanentError(
            "port_taken", f"Nothing can listen on {host} port {port} ({error.strerror}); choose another --portal-port."
        ) from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for an ACK
    return listener


def serve_portal(settings: Settings, listener: socket.socket, on_started: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM. The ledger is migrated first; its errors are the house's."""
    with contextlib.closing(listener), contextlib.closing(open_ledger(settings)) as ledger, _a_signal_is_a_clean_end():
        door = StripeDoor(ledger, clock_of(settings), settings.webhook_secrets)
        Server(config_of(build_portal(door, settings.portal_host_names)), on_started).run(sockets=[listener])


def config_of(app: ASGIApp) -> uvicorn.Config:
    """No access log and no proxy's word for who asks; requests that are under way have some seconds to end."""
    return uvicorn.Config(
        app,
        http=Line,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=FINISH_SECONDS_AT_MOST,
    )


@contextlib.contextmanager
def _a_signal_is_a_clean_end() -> Iterator[None]:
    """uvicorn stops on a signal and raises it again when it is done: caught here, the process ends with 0."""
    before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
