"""The dashboard as a process: its pages in a real browser, and whoever asks from elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from browsing import open_browser, server_process
from playwright.sync_api import ConsoleMessage
from portals import free_port
from starlette.responses import PlainTextResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboards.server import LOG_OUT, METRICS, build_dashboard

SCREENS = ("", "money-in", "receivables", "books", "attention", "activity")


@pytest.fixture(scope="module")
def dashboard(studio_file: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address without http://."""
    address, folder = f"127.0.0.1:{free_port()}", tmp_path_factory.mktemp("dashboard")
    env = {"BILLING_WAREHOUSE_PATH": str(studio_file("EUR")), "BILLING_DASHBOARD_HOSTS": ""}
    command = ["-m", "dashboards.server", "--port", address.rpartition(":")[2]]
    with server_process(command, f"http://{address}/_stcore/health", folder, env):
        yield address


def status(dashboard: str, path: str = "/", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(f"http://{dashboard}{path}", headers=named).status_code


@pytest.mark.browser
def test_every_page_is_shown_and_the_browser_complains_of_nothing(dashboard: str) -> None:
    complaints: list[str] = []
    drawn = 0
    with open_browser() as browser:
        page = browser.new_page()
        page.on("console", lambda said: None if _is_none(said) else complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for path in SCREENS:
            page.goto(f"http://{dashboard}/{path}")
            page.get_by_text("Read from the ledger on").wait_for(timeout=60_000)
            assert page.locator("h1").inner_text()
            charts = page.locator("[data-testid=stVegaLiteChart]")
            for number in range(charts.count()):
                charts.nth(number).locator("canvas, svg").first.wait_for()
                drawn += 1

    assert complaints == []
    assert drawn > 3


def _is_none(message: ConsoleMessage) -> bool:
    """No complaint: Streamlit's page tries out under which path it is served, and below a page's there is nothing."""
    return message.type != "error" or ("/_stcore/" in message.location["url"] and "404" in message.text)


def test_every_answer_says_that_nobody_may_frame_it(dashboard: str) -> None:
    for path in ("/", "/money-in", "/_stcore/health", "/_stcore/host-config", "/nowhere"):
        answer = httpx.get(f"http://{dashboard}{path}")

        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_rebound_name_another_site_and_a_proxy_are_refused(dashboard: str) -> None:
    assert status(dashboard) == 200
    assert status(dashboard, host="evil.example") == 400
    assert status(dashboard, origin="http://evil.example") == 403
    assert status(dashboard, sec_fetch_site="cross-site", sec_fetch_mode="no-cors") == 403
    for header in ("x_forwarded_for", "x_forwarded_proto", "via", "cf_connecting_ip", "x_real_ip", "forwarded"):
        assert status(dashboard, **{header: "203.0.113.9"}) == 403
        assert status(dashboard, METRICS, **{header: "203.0.113.9"}) == 403


@pytest.mark.parametrize(
    ("origin", "is_refused"),
    [
        (None, False), ("http://{}", False), ("http://evil.example", True), ("null", True),
        ("http://127.0.0.1:9", True), ("http://localhost:8501", True),
    ],
)  # fmt: skip
def test_its_web_socket_talks_to_its_own_pages_only(dashboard: str, origin: str | None, is_refused: bool) -> None:
    asked = partial(connect, f"ws://{dashboard}/_stcore/stream", origin=origin and origin.format(dashboard))

    with pytest.raises(InvalidStatus, match="403") if is_refused else contextlib.nullcontext(), asked():
        assert not is_refused


@pytest.mark.browser
def test_where_others_can_reach_it_its_pages_show_nothing_without_a_login(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    command = ["-m", "dashboards.server", "--host", "0.0.0.0", "--port", address.rpartition(":")[2]]
    with server_process(command, f"http://{address}/_stcore/health", tmp_path, {}), open_browser() as browser:
        page = browser.new_page()
        page.goto(f"http://{address}/")

        page.get_by_text("This dashboard can be reached by others (0.0.0.0) and has no login").wait_for()


def test_a_link_on_another_site_logs_nobody_out(dashboard: str) -> None:
    visit = {"sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}

    assert status(dashboard, LOG_OUT, sec_fetch_site="cross-site", **visit) == 403
    assert status(dashboard, LOG_OUT, sec_fetch_site="same-origin", **visit) != 403
    assert status(dashboard, "/", sec_fetch_site="cross-site", **visit) == 200


@pytest.mark.parametrize(
    ("host", "names", "wanted"),
    [("127.0.0.1", (), 200), ("0.0.0.0", (), 404), ("127.0.0.1", ("figures.studio.example",), 404)],
)
def test_its_metrics_are_shown_where_nobody_else_can_come(host: str, names: tuple[str, ...], wanted: int) -> None:
    guarded = build_dashboard(PlainTextResponse("cache_memory_bytes 1"), host, names)

    async def ask(path: str) -> int:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(guarded), base_url="http://127.0.0.1:8501"
        ) as client:
            return (await client.get(path)).status_code

    assert asyncio.run(ask(METRICS)) == wanted
    assert asyncio.run(ask(f"{METRICS}/")) == wanted
    assert asyncio.run(ask("/_stcore/health")) == 200
