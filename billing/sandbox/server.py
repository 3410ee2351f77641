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
from starlette.types import ASGIApp

from billing.sandbox.app import build_app
from billing.sandbox.clock import SandboxClock
from billing.sandbox.faults import Abortable
from billing.sandbox.mail import start_smtp
from billing.sandbox.store import Store
from billing.servers import running
from billing.servers.callers import Rules
from billing.servers.guard import Guard

_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 30.0
_FRAMED_BY_ITSELF = "frame-ancestors 'self'"  # its inbox shows a mail in a frame; its pages have policies of their own


@dataclass
class RunningSandbox:
    """A sandbox that answers. `url` has no slash at its end; `stop` may be called from any thread, more than once."""

    url: str
    smtp_port: int
    store: Store
    clock: SandboxClock
    stop: Callable[[], None]


Started = Callable[[RunningSandbox], None]


def listen(port: int) -> socket.socket:
    """On loopback only, and nobody can say otherwise."""
    return running.listen(_HOST, port)


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

        server = running.Server(_config(build_app(store, clock, url)), started)
        await server.serve(sockets=[listener])


def _config(app: ASGIApp) -> uvicorn.Config:
    """Plain asyncio and h11: the line's transport must be at hand, to be cut when a fault says so.

    Its controls are its owner's alone, and a web page that he looks at is not he.
    """
    guarded = Guard(app, Rules(), _FRAMED_BY_ITSELF, headers={"x-content-type-options": "nosniff"})
    return running.config_of(Abortable(guarded), lifespan="on", loop="asyncio", timeout_graceful_shutdown=2)


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
