"""Each way in which a vendor's line fails, in memory and over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.websockets import WebSocketDisconnect

from billing.sandbox import faults
from billing.sandbox.seed import seed_studio
from billing.sandbox.server import RunningSandbox, running_sandbox


def _break(world: Any, kind: str, **fault: Any) -> None:
    answer = world.control("/faults", {"target": "vsco", "kind": kind, **fault})
    assert answer.status_code == 201


def _pay(world: Any) -> httpx.Response:
    body = {"jobId": world.plan.jobs[0].id, "amount": 100, "transactionId": "pi_1"}
    return world.vsco("POST", "/payment", json=body)


def _payments(world: Any) -> int:
    return len(world.store.effects("vsco.payment_written_back"))


def test_too_many_requests_says_when_to_come_back(world: Any, contract: Any) -> None:
    _break(world, "429", retry_after=17)

    refused = world.vsco("GET", "/job")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "17")
    contract.answer("GET", "/job", refused)
    assert world.vsco("GET", "/job").status_code == 200


def test_an_error_before_leaves_nothing_and_an_error_after_leaves_the_payment(world: Any) -> None:
    _break(world, "500_before", times=2)
    assert [_pay(world).status_code for _ in range(2)] == [500, 500]
    assert _payments(world) == 0

    _break(world, "500_after")
    assert _pay(world).status_code == 500
    assert _payments(world) == 1
    assert _pay(world).status_code == 201


@pytest.mark.parametrize("kind", ["wrong_length", "malformed_json"])
def test_an_answer_that_breaks_off_where_its_head_says_leaves_the_payment(world: Any, kind: str) -> None:
    _break(world, kind)

    answer = _pay(world)

    assert answer.status_code == 201
    assert len(answer.content) == int(answer.headers["content-length"])
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert _payments(world) == 1


def test_a_refused_key_and_broken_json(world: Any) -> None:
    for kind in ("401", "403"):
        _break(world, kind)
        assert world.vsco("GET", "/studio/me").status_code == int(kind)

    _break(world, "malformed_json")
    broken = world.vsco("GET", "/studio/me")
    assert broken.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        broken.json()


def test_a_fault_waits_for_its_own_method_and_path(world: Any) -> None:
    _break(world, "500_before", method="POST", path_prefix="/payment")

    assert world.vsco("GET", "/payment").status_code == 200
    assert world.vsco("POST", "/note", json={"contentHtml": "x"}).status_code == 201
    assert _pay(world).status_code == 500


def test_faults_come_in_the_order_in_which_they_were_told(world: Any) -> None:
    _break(world, "429")
    _break(world, "500_before")

    assert [world.vsco("GET", "/job").status_code for _ in range(3)] == [429, 500, 200]


def test_a_timeout_answers_late_and_has_done_its_work(world: Any) -> None:
    _break(world, "timeout", delay_seconds=0.01)

    assert _pay(world).status_code == 201
    assert _payments(world) == 1


def test_latency_is_added_to_every_call_until_it_is_taken_back(world: Any) -> None:
    world.control("/latency", {"target": "vsco", "seconds": 0.01})
    assert world.vsco("GET", "/studio/me").elapsed.total_seconds() >= 0.01

    world.control("/latency", {"target": "vsco", "seconds": 0})
    assert world.vsco("GET", "/studio/me").status_code == 200


def test_in_memory_a_reset_is_an_exception_and_a_truncated_body_is_short(world: Any) -> None:
    _break(world, "reset")
    with pytest.raises(ConnectionResetError):
        _pay(world)
    _break(world, "reset_after")
    with pytest.raises(ConnectionResetError):
        _pay(world)
    assert _payments(world) == 1

    _break(world, "truncate")
    short = world.vsco("GET", "/studio/me")
    assert len(short.content) < int(short.headers["content-length"])


def test_pixieset_fails_in_its_own_words(world: Any) -> None:
    for kind, message in (("500_before", "Server Error"), ("401", "Unauthenticated."), ("429", "Too Many Attempts.")):
        world.control("/faults", {"target": "pixieset", "kind": kind})
        assert world.pixieset("GET", "/collections").json() == {"message": message}


def test_a_web_socket_finds_nobody(world: Any) -> None:
    with pytest.raises(WebSocketDisconnect), world.http.websocket_connect("/vsco/api/v2/job"):
        pytest.fail("there is no such thing")


def test_only_known_faults_can_be_ordered(world: Any) -> None:
    with pytest.raises(ValueError, match="pixieset knows no fault"):
        faults.add(world.store, "pixieset", {"kind": "shifting_page"})


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path / "sandbox.db") as running:
        seed_studio(running.store, running.clock, sessions=1, seed=1)
        yield running


@pytest.mark.parametrize(
    ("kind", "error", "effects"),
    [
        ("reset", httpx.ReadError, 0),
        ("reset_after", httpx.ReadError, 1),
        ("truncate", httpx.RemoteProtocolError, 1),
        ("timeout", httpx.ReadTimeout, 1),
    ],
)
def test_over_a_socket_the_line_really_breaks(sandbox: RunningSandbox, kind: str, error: Any, effects: int) -> None:
    job_id = sandbox.store.newest("vsco.job")[0]["id"]
    fault = {"target": "vsco", "kind": kind, "delay_seconds": 0.5}
    with httpx.Client(base_url=sandbox.url, timeout=10) as line:
        line.post("/sandbox/faults", json=fault).raise_for_status()

        with pytest.raises(error):
            line.post(
                "/vsco/api/v2/payment",
                headers={"X-API-KEY": "sandbox-vsco-key"},
                json={"jobId": job_id, "amount": 1, "transactionId": "pi_9"},
                timeout=0.2 if kind == "timeout" else 10,
            )

        assert len(sandbox.store.effects("vsco.payment_written_back")) == effects
        assert line.get("/health").status_code == 200
