"""The sandbox as a process: it starts, prints where it is, stops when told, and remembers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from billing.sandbox import __main__
from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed import SeedPlan, seed_studio
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.sandbox.store import Store

AT = datetime(2026, 5, 4, 8, tzinfo=UTC)


def test_a_restart_keeps_the_world(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "sandbox.db"
    with running_sandbox(state) as first:
        first.clock.freeze(AT)
        plan = seed_studio(first.store, first.clock, sessions=2, seed=3)
        httpx.post(f"{first.url}/sandbox/faults", json={"target": "vsco", "kind": "429"}).raise_for_status()
        first.store.record_effect("mail.accepted", "<1>", "now", {"subject": "One", "to": []})

    with running_sandbox(state) as second:
        assert second.clock.now() == AT
        assert SeedPlan.load(second.store) == plan
        assert len(httpx.get(f"{second.url}/sandbox/faults").json()["vsco"]) == 1
        assert httpx.get(f"{second.url}/sandbox/oracle").json()["counts"] == {"mail.accepted": 1}


def test_two_sandboxes_live_side_by_side(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "a.db") as one, running_sandbox(tmp_path / "b.db") as other:
        assert one.url != other.url
        assert one.smtp_port != other.smtp_port
        assert httpx.get(f"{one.url}/health").json() == httpx.get(f"{other.url}/health").json()


def test_a_taken_smtp_port_is_an_error_and_not_a_silence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(RuntimeError, match="did not start"), running_sandbox(tmp_path / "s.db", smtp_port=port):
            pytest.fail("it must not start")


def test_a_taken_http_port_is_an_error(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "a.db") as first:
        port = int(first.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="in use"), running_sandbox(tmp_path / "b.db", port=port):
            pytest.fail("it must not start")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_addresses_and_stops_cleanly(tmp_path: Path, number: int) -> None:
    state = tmp_path / "sandbox.db"
    command = [sys.executable, "-m", "billing.sandbox", "--port", "0", "--smtp-port", "0", "--state", str(state)]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        names, values = zip(*(process.stdout.readline().split() for _ in range(3)), strict=True)
        assert httpx.get(f"{values[0]}/health").json() == {"status": "ok"}
        os.kill(process.pid, number)

    assert names == ("sandbox", "inbox", "smtp")
    assert process.returncode == 0


def test_the_command_seeds_a_studio_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "sandbox.db"
    monkeypatch.setattr(__main__, "_announce", lambda sandbox: sandbox.stop())
    before = signal.getsignal(signal.SIGTERM)

    for _ in range(2):
        options = ["--port", "0", "--smtp-port", "0", "--state", str(state), "--sessions", "1", "--seed", "5"]
        assert __main__.main(options) == 0

    store = Store(state)
    assert len(SeedPlan.load(store).jobs) == store.count("vsco.job") == 19
    store.close()
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_addresses_are_printed_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(":memory:")

    __main__._announce(RunningSandbox("http://127.0.0.1:1", 25, store, SandboxClock(store), lambda: None))

    assert capsys.readouterr().out.splitlines() == [
        "sandbox  http://127.0.0.1:1",
        "inbox    http://127.0.0.1:1/inbox/",
        "smtp     127.0.0.1:25",
    ]


def test_stripe_is_reached_under_its_mount(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        answer = httpx.get(f"{sandbox.url}/stripe/v1/customers")

        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403), ({"Origin": "null"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, 403), ({"Host": "evil.example"}, 400),
        ({"X-Forwarded-For": "203.0.113.9"}, 403), ({}, 200), ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)  # fmt: skip
def test_no_web_page_of_others_turns_its_clock(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox:
        sandbox.clock.freeze(AT)

        answer = httpx.post(f"{sandbox.url}/sandbox/clock", content='{"advance_seconds": 60}', headers=headers)

        assert answer.status_code == status
        assert (sandbox.clock.now() == AT) is (status != 200)
