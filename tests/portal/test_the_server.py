"""The endpoint as a server, over real sockets: what is no HTTP, what is too much, two at once, and a proper end."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from portals import environment, free_port, portal_process, served_in_a_thread
from web_hook_deliveries import PINNED, SECRET, event, signed

from billing.adapters.clock import SystemClock
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.portal.app import HEADERS, build_portal
from billing.portal.web_hooks import StripeWebHook
from billing.servers.line import Limits

BILLING = Path(sys.executable).parent / "billing"


@pytest.fixture
def port(empty_ledger: SqlLedger) -> Iterator[int]:
    with empty_ledger.write() as uow:
        uow.operations.pin("stripe_account", PINNED, datetime.now(UTC))
    endpoint = StripeWebHook(empty_ledger, SystemClock(), [SECRET])
    with served_in_a_thread(build_portal(endpoint, ["127.0.0.1"])) as port:
        yield port


def say(port: int, request: bytes, *, and_hang_up: bool = False) -> bytes:
    """Everything that comes back until the other side closes the line."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(request)
        if and_hang_up:
            line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65_536), b""))


def bring(port: int, raw: bytes) -> httpx.Response:
    header = {"stripe-signature": signed(raw, int(time.time()), SECRET)}
    return httpx.post(f"http://127.0.0.1:{port}/hooks/stripe", content=raw, headers=header)


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"POST /hooks/stripe HTTP/9.9\r\n\r\n",
        b"POST /hooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /hooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5, 6\r\n\r\n",
        b"POST /hooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_is_400_with_the_same_headers(port: int, request_: bytes) -> None:
    answer = say(port, request_)

    assert answer.startswith(b"HTTP/1.1 400 ")
    for name, value in HEADERS.items():
        assert f"{name}: {value}".encode() in answer


def test_a_body_that_says_it_is_ten_megabytes_is_refused_before_it_is_sent(port: int) -> None:
    head = "POST /hooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: t=1,v1=0\r\nContent-Length: 10485760"

    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(f"{head}\r\n\r\n".encode())

        assert line.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_chunks_without_end_are_refused_at_the_limit(port: int) -> None:
    head = "POST /hooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: t=1,v1=0\r\nTransfer-Encoding: chunked"
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(f"{head}\r\n\r\n".encode())
        try:
            while sent < 50_000_000:
                line.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
                sent += 65_536
        except OSError:
            pass  # the endpoint has closed the line

    assert 1_000_000 < sent < 20_000_000  # what the kernel holds for both sides comes on top
    assert bring(port, json.dumps(event()).encode()).status_code == 200


def test_while_190_lines_idle_a_signed_event_goes_through_and_they_are_ended(empty_ledger: SqlLedger) -> None:
    with empty_ledger.write() as uow:
        uow.operations.pin("stripe_account", PINNED, datetime.now(UTC))
    app = build_portal(StripeWebHook(empty_ledger, SystemClock(), [SECRET]), [])
    with served_in_a_thread(app, Limits(head_seconds=1)) as port, contextlib.ExitStack() as lines:
        idle = [lines.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(190)]

        assert bring(port, json.dumps(event()).encode()).text == "kept\n"
        assert [line.recv(1) for line in idle] == [b""] * 190
    assert Limits().head_seconds <= 10


def test_a_body_that_ends_early_leaves_the_endpoint_well(port: int) -> None:
    raw = json.dumps(event()).encode()
    head = f"POST /hooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: t=1,v1=0\r\nContent-Length: {len(raw)}"

    say(port, f"{head}\r\n\r\n".encode() + raw[:-5], and_hang_up=True)

    assert bring(port, raw).status_code == 200


def test_what_follows_a_length_that_is_too_short_is_not_taken_for_the_body(port: int) -> None:
    raw = json.dumps(event()).encode()
    header = signed(raw, int(time.time()), SECRET)
    head = f"POST /hooks/stripe HTTP/1.1\r\nHost: 127.0.0.1\r\nStripe-Signature: {header}\r\nContent-Length: 10\r\n\r\n"

    answer = say(port, head.encode() + raw)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"200 OK" not in answer


def test_two_endpoints_over_a_ledger_that_is_not_there_yet_are_safe_and_end_well(tmp_path: Path) -> None:
    raw = json.dumps(event()).encode()
    with portal_process(tmp_path) as one, portal_process(tmp_path) as other:
        ports = [int(endpoint.hook.rpartition(":")[2].partition("/")[0]) for endpoint in (one, other)]
        assert [bring(port, raw).status_code for port in ports] == [503, 503]  # nobody has asked Stripe yet
        ledger = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
        with ledger.write() as uow:
            uow.operations.pin("stripe_account", PINNED, datetime.now(UTC))
        ledger.close()

        assert [bring(port, raw).text for port in ports] == ["kept\n", "known\n"]

    assert [one.process.returncode, other.process.returncode] == [0, 0]
    assert "evt_1: kept" in one.log.read_text()
    assert SECRET not in one.log.read_text() + other.log.read_text()


def test_without_a_secret_it_says_in_one_sentence_what_to_set(tmp_path: Path) -> None:
    said = serve(tmp_path, BILLING_STRIPE_WEBHOOK_SECRETS="")

    assert said.returncode == 1
    assert said.stderr.count("\n") == 1
    assert "Set BILLING_STRIPE_WEBHOOK_SECRETS to the signing secret (whsec_…)" in said.stderr


def test_what_is_no_signing_secret_is_refused_and_not_said(tmp_path: Path) -> None:
    said = serve(tmp_path, BILLING_STRIPE_WEBHOOK_SECRETS="whsec_good|canary_bad")

    assert said.returncode == 1
    assert "begins with whsec_" in said.stderr
    assert "canary" not in said.stderr
    assert "whsec_good" not in said.stderr


def test_a_taken_port_is_named_with_the_option_that_chooses_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        said = serve(tmp_path, "--portal-port", str(held.getsockname()[1]))

    assert said.returncode == 1
    assert f"port {held} ".split()[0] in said.stderr
    assert "choose another --portal-port" in said.stderr


def test_it_listens_where_it_is_told_and_nowhere_else(tmp_path: Path) -> None:
    with portal_process(tmp_path) as endpoint:
        port = int(endpoint.hook.rpartition(":")[2].partition("/")[0])
        assert endpoint.hook.startswith("http://127.0.0.1:")
        assert httpx.get(f"http://127.0.0.1:{port}/health").text == "ok\n"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        assert {row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")} == {
            f"0100007F:{port:04X}"
        }


def serve(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    port = () if words else ("--portal-port", str(free_port()))
    return subprocess.run(
        [str(BILLING), "serve", *words, *port], cwd=folder, env=os.environ | environment(folder) | settings,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
