"""A real browser, quiet and without a sandbox of its own, and servers of ours for it to open."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

_QUIET = (
    "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
    "disable-component-update", "disable-sync",
)  # fmt: skip
PATIENCE_SECONDS = 120


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed here: no page was looked at")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=[f"--{name}" for name in _QUIET])


@contextlib.contextmanager
def server_process(command: Sequence[str], answers_at: str, folder: Path, env: dict[str, str]) -> Iterator[Path]:
    """A server that answers, and its log; ended as the supervisor ends it."""
    log = folder / "server.log"
    with open(log, "w") as file:
        process = subprocess.Popen([sys.executable, *command], env=os.environ | env, stdout=file, stderr=file)
        try:
            _wait_for(answers_at, process, log)
            yield log
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(address, timeout=5).is_success:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text())
