"""Dagster's web server behind the guard: what any page in the owner's browser could do, and what he does himself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsing import open_browser, server_process
from portals import free_port
from starlette.responses import PlainTextResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pipelines.web_server import build_web_server

pytestmark = pytest.mark.dagster

EVIL = {"Origin": "http://evil.example"}
DEFINITIONS = """
import dagster as dg

@dg.op
def greet():
    return "hello"

@dg.job
def hello():
    greet()

definitions = dg.Definitions(jobs=[hello])
"""
LAUNCH = (
    'mutation { launchRun(executionParams: {selector: {repositoryLocationName: "here",'
    ' repositoryName: "__repository__", jobName: "hello"}, runConfigData: {}}) { __typename } }'
)


@dataclass(frozen=True)
class WebServer:
    address: str  # without http://
    home: Path

    @property
    def graphql(self) -> str:
        return f"http://{self.address}/graphql"

    def runs(self) -> int:
        """How many there are, as Dagster's own file says."""
        path = self.home / "history" / "runs.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as runs:
            return int(runs.execute("select count(*) from runs").fetchone()[0])


@pytest.fixture(scope="module")
def web_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    home, address = tmp_path_factory.mktemp("dagster"), f"127.0.0.1:{free_port()}"
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\nnux: {enabled: false}\n")
    (home / "here.py").write_text(DEFINITIONS)
    workspace = home / "workspace.yaml"
    code = {"relative_path": "here.py", "location_name": "here"}
    workspace.write_text(json.dumps({"load_from": [{"python_file": code}]}))
    command = ["-m", "pipelines.web_server", "--port", address.rpartition(":")[2], "--workspace", str(workspace)]
    env = {"DAGSTER_HOME": str(home), "BILLING_DAGSTER_HOSTS": ""}
    with server_process(command, f"http://{address}/server_info", home, env):
        yield WebServer(address, home)


def send(web_server: WebServer, method: str, **how: Any) -> httpx.Response:
    return httpx.request(method, web_server.graphql, timeout=60, **how)


def test_the_mutation_by_get_that_any_page_could_send_launches_nothing(web_server: WebServer) -> None:
    """curl -G -H 'Origin: http://evil.example' --data-urlencode 'query=mutation{…}' …/graphql"""
    before = web_server.runs()
    wants_a_page = {"Accept": "text/html"}

    answers = [send(web_server, "GET", params={"query": LAUNCH}, headers=given) for given in (EVIL, {}, wants_a_page)]

    assert [answer.status_code for answer in answers] == [403, 405, 200]
    assert web_server.runs() == before


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"params": {"query": LAUNCH}, "headers": EVIL | {"Content-Type": "text/plain"}}, 403),
        ({"params": {"query": LAUNCH}, "headers": {"Content-Type": "text/plain"}}, 415),
        ({"params": {"query": LAUNCH}}, 415),
        ({"content": LAUNCH, "headers": {"Content-Type": "application/graphql"}}, 415),
        ({"json": {"query": LAUNCH}, "headers": EVIL}, 403),
        ({"json": {"query": LAUNCH}, "headers": {"Origin": "null"}}, 403),
        ({"json": {"query": LAUNCH}, "headers": {"Sec-Fetch-Site": "same-site"}}, 403),
        ({"json": {"query": LAUNCH}, "headers": {"Host": "evil.example", "Origin": "http://evil.example"}}, 400),
        ({"json": {"query": LAUNCH}, "headers": {"X-Forwarded-For": "203.0.113.9"}}, 403),
        ({"json": {"query": LAUNCH}, "headers": {"Via": "1.1 somebody"}}, 403),
    ],
)
def test_nor_does_any_other_way_of_a_page_or_of_a_proxy(web_server: WebServer, how: Any, status: int) -> None:
    before = web_server.runs()

    assert send(web_server, "POST", **how).status_code == status
    assert web_server.runs() == before


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:8501"])
def test_a_web_socket_from_another_page_is_refused(web_server: WebServer, origin: str) -> None:
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(f"ws://{web_server.address}/graphql", origin=origin, subprotocols=["graphql-ws"]),  # type: ignore
    ):
        pytest.fail("it was accepted")


def test_its_own_page_may_listen(web_server: WebServer) -> None:
    own = f"http://{web_server.address}"
    with connect(f"ws://{web_server.address}/graphql", origin=own, subprotocols=["graphql-ws"]) as line:  # type: ignore
        line.send(json.dumps({"type": "connection_init"}))

        assert json.loads(line.recv(10)) == {"type": "connection_ack"}


def test_every_answer_says_that_nobody_may_frame_it(web_server: WebServer) -> None:
    for path in ("/", "/runs", "/server_info", "/graphql", "/nowhere.js"):
        answer = httpx.get(f"http://{web_server.address}{path}")

        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.browser
def test_the_owner_launches_a_run_in_his_browser_and_sees_it(web_server: WebServer) -> None:
    before, complaints = web_server.runs(), list[str]()
    with open_browser() as browser:
        page = browser.new_page()
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.goto(f"http://{web_server.address}/locations/here/jobs/hello/playground")
        page.get_by_role("button", name="Launch Run").click(timeout=60_000)
        page.wait_for_url("**/runs/*", timeout=60_000)
        page.get_by_text("hello").first.wait_for()

    assert complaints == []
    assert web_server.runs() == before + 1


def test_a_program_launches_a_run_by_posting_json(web_server: WebServer) -> None:
    before = web_server.runs()

    answer = send(web_server, "POST", json={"query": LAUNCH})

    assert answer.json() == {"data": {"launchRun": {"__typename": "LaunchRunSuccess"}}}
    assert web_server.runs() == before + 1


def test_behind_a_proxy_that_asks_who_comes_it_is_reached_by_its_listed_name() -> None:
    guarded = build_web_server(PlainTextResponse("ok"), ["dagster.studio.example"])
    headers = {"X-Forwarded-For": "203.0.113.9", "Origin": "https://dagster.studio.example"}

    async def ask(base_url: str) -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url=base_url) as client:
            return (await client.post("/graphql", json={"query": "{version}"}, headers=headers)).status_code

    assert asyncio.run(ask("http://dagster.studio.example")) == 200
    assert asyncio.run(ask("http://other.example")) == 400
