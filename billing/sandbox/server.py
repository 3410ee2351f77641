"""Running the sandbox: HTTP and SMTP in one process and one event loop, stopped by its own handle."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from billing.sandbox.app import build_app
from billing.sandbox.clock import SandboxClock
from billing.sandbox.faults import Abortable
from billing.sandbox.mail import start_smtp
from billing.sandbox.store import Store

_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 30.0


@dataclass
class RunningSandbox:
    """A sandbox that answers. `url` has no slash at its end; `stop` may be called from any thread, more than once."""

    url: str
    smtp_port: int
    store: Store
    clock: SandboxClock
    stop: Callable[[], None]


Started = Callable[[RunningSandbox], None]


class _Server(uvicorn.Server):
    """uvicorn, saying when it accepts connections."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


def listen(port: int) -> socket.socket:
    """A listening socket on loopback, bound before anybody is told its address (0: any free port)."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for an ACK
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


async def serve(
    store: Store, clock: SandboxClock, listener: socket.socket, smtp_port: int, on_started: Started
) -> None:
    """Run both servers until the handle given to `on_started` is stopped, or a signal stops the process."""
    url = f"http://{_HOST}:{listener.getsockname()[1]}"
    async with await start_smtp(store, clock, smtp_port) as smtp:

        def started() -> None:
            on_started(RunningSandbox(url, smtp.sockets[0].getsockname()[1], store, clock, stop))

        def stop() -> None:
            server.should_exit = True

        server = _Server(_config(build_app(store, clock, url)), started)
        await server.serve(sockets=[listener])


def _config(app: object) -> uvicorn.Config:
    """Plain asyncio and h11 behind no proxy: the line's transport must be at hand, to be cut when a fault says so."""
    return uvicorn.Config(
        Abortable(app),  # type: ignore[arg-type]
        lifespan="on",
        loop="asyncio",
        http="h11",
        proxy_headers=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )


@contextlib.contextmanager
def running_sandbox(state_path: Path | str, port: int = 0, smtp_port: int = 0) -> Iterator[RunningSandbox]:
    """The sandbox in a thread of its own, on free ports unless given; the same state file continues the same world.

    Raises OSError when the HTTP port is taken, RuntimeError when anything else keeps it from starting.
    """
    listener = listen(port)
    store = Store(state_path)
    ready = threading.Event()
    handles: list[RunningSandbox] = []
    failures: list[BaseException] = []

    def announce(handle: RunningSandbox) -> None:
        handles.append(handle)
        ready.set()

    def run() -> None:
        try:
            asyncio.run(serve(store, SandboxClock(store), listener, smtp_port, announce))
        except BaseException as error:
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    try:
        ready.wait(_PATIENCE_SECONDS)
        if not handles:
            raise RuntimeError(f"The sandbox did not start: {failures}") from next(iter(failures), None)
        yield handles[0]
    finally:
        for handle in handles:
            handle.stop()
        thread.join(_PATIENCE_SECONDS)
        listener.close()
        store.close()
