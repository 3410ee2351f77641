"""A server in a thread, and the endpoint as the process that `billing serve` is."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.types import ASGIApp
from web_hook_deliveries import SECRET

from billing.portal.server import listen
from billing.servers.line import Limits
from billing.servers.running import Server, config_of

PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Portal:
    """A process that listens. `hook` is where web hooks are brought."""

    hook: str
    process: subprocess.Popen[str]
    log: Path


@contextlib.contextmanager
def served_in_a_thread(app: ASGIApp, limits: Limits = Limits(), **more: Any) -> Iterator[int]:
    """Its port. `more` is uvicorn's."""
    listener, ready = listen("127.0.0.1", 0), threading.Event()
    server = Server(config_of(app, limits, **more), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE_SECONDS)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)
        listener.close()


@contextlib.contextmanager
def portal_process(folder: Path, **settings: str) -> Iterator[Portal]:
    """`billing serve` over the ledger in `folder`, on a free port; ended as the supervisor ends it."""
    log = folder / f"portal.{uuid4().hex[:8]}.log"
    with open(log, "w") as stderr:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "billing"), "serve", "--portal-port", str(free_port())], cwd=folder,
            env=os.environ | environment(folder) | settings, stdout=subprocess.PIPE, stderr=stderr, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.readline().split()
        try:
            assert said[:1] == ["portal"], log.read_text()
            yield Portal(said[1], process, log)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_SECONDS)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def environment(folder: Path) -> dict[str, str]:
    """Of a studio whose outside nobody asks: the endpoint calls nobody."""
    return {
        "BILLING_LEDGER_URL": f"sqlite:///{folder / 'ledger.db'}",
        "BILLING_VSCO_API_KEY": "k",
        "BILLING_STRIPE_API_KEY": "rk_test_1",
        "BILLING_STRIPE_WEBHOOK_SECRETS": SECRET,
        "BILLING_STUDIO_NAME": "North Light",
        "BILLING_STUDIO_EMAIL": "studio@northlight.example",
    }
