"""The machine's clock, and the sandbox's, which may be slow to answer while it is busy."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from billing.adapters import clock
from billing.adapters.clock import SandboxTime, SystemClock
from billing.domain.errors import TemporaryError


class _Teller(BaseHTTPRequestHandler):
    said: object = {"now": "2026-03-02T10:00:00+01:00"}

    def do_GET(self) -> None:
        body = json.dumps(type(self).said).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def teller() -> Iterator[tuple[str, type[_Teller]]]:
    handler = type("Teller", (_Teller,), {})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    return now


def test_the_machines_time_is_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_sandboxs_time_is_utc_and_runs_on_between_questions(
    teller: tuple[str, type[_Teller]], ticks: list[float]
) -> None:
    url, handler = teller
    time = SandboxTime(url)
    assert time.now() == datetime(2026, 3, 2, 9, tzinfo=UTC)
    handler.said = {"now": "2026-04-01T00:00:00Z"}
    ticks[0] += 0.5
    assert time.now() == datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(seconds=0.5)
    ticks[0] += 1
    assert time.now() == datetime(2026, 4, 1, tzinfo=UTC)


def test_a_sandbox_that_stammers_is_borne_with_for_a_minute(
    teller: tuple[str, type[_Teller]], ticks: list[float]
) -> None:
    url, handler = teller
    time = SandboxTime(url)
    time.now()
    handler.said = {"later": "perhaps"}
    ticks[0] += 30
    assert time.now() == datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
    ticks[0] += 31
    with pytest.raises(TemporaryError, match="does not answer"):
        time.now()
