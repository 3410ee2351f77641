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
    """A sandbox that answers. `url` has no slash at its end."""

    url: str
    smtp_port: int
    store: Store
    clock: SandboxClock
    stop: Callable[[], None]


def listen(port: int) -> socket.socket:
    """A listening socket on loopback, bound before anybody is told its address."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((_HOST, port))
    listener.listen(128)
    return listener


async def serve(
    store: Store,
    clock: SandboxClock,
    listener: socket.socket,
    smtp_port: int,
    started: Callable[[RunningSandbox], None],
) -> None:
    """Run both servers until `stop` of the handle given to `started` is called, or a signal ends the process."""
    url = f"http://{_HOST}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        Abortable(build_app(store, clock, url)),
        lifespan="off",
        loop="asyncio",
        http="h11",
        proxy_headers=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    smtp = await start_smtp(store, clock, smtp_port)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.call_soon_threadsafe(setattr, server, "should_exit", True)

    async with smtp:
        handle = RunningSandbox(url, smtp.sockets[0].getsockname()[1], store, clock, stop)
        announcing = asyncio.ensure_future(_announce(server, handle, started))
        await server.serve(sockets=[listener])
        announcing.cancel()


async def _announce(server: uvicorn.Server, handle: RunningSandbox, started: Callable[[RunningSandbox], None]) -> None:
    while not server.started:
        await asyncio.sleep(0.005)
    started(handle)


@contextlib.contextmanager
def running_sandbox(state_path: Path | str, port: int = 0, smtp_port: int = 0) -> Iterator[RunningSandbox]:
    """The sandbox in a thread of its own, on free ports unless given; the same state file continues the same world."""
    store = Store(state_path)
    clock = SandboxClock(store)
    ready = threading.Event()
    handles: list[RunningSandbox] = []
    failures: list[BaseException] = []

    def announce(handle: RunningSandbox) -> None:
        handles.append(handle)
        ready.set()

    def run() -> None:
        try:
            asyncio.run(serve(store, clock, listener, smtp_port, announce))
        except BaseException as error:
            failures.append(error)
            ready.set()

    listener = listen(port)
    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    thread.start()
    try:
        if not ready.wait(_PATIENCE_SECONDS) or failures:
            raise RuntimeError(f"The sandbox did not start: {failures}") from (failures[0] if failures else None)
        yield handles[0]
    finally:
        for handle in handles:
            handle.stop()
        thread.join(_PATIENCE_SECONDS)
        listener.close()
        store.close()
