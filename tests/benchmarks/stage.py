"""What the benchmarks stand on: a sandbox of their own, settings that point at it, and one way to print a figure."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[2]
VERSIONS = ("dagster", "duckdb", "sqlalchemy", "stripe", "weasyprint")


@dataclass(frozen=True)
class Stage:
    """A room to measure in: the sandbox's address, a folder, and the environment for processes under test."""

    url: str
    room: Path
    environment: dict[str, str]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = httpx.post(f"{self.url}{path}", json=body, timeout=120)
        return answer.raise_for_status().json()

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.url}{path}", timeout=60).raise_for_status().json()


@contextlib.contextmanager
def stage(sessions: int = 1, **settings: str) -> Iterator[Stage]:
    """A fresh sandbox process with a seeded studio; everything is gone at the end."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        room = Path(folder)
        command = [sys.executable, "-m", "billing.sandbox", "--port", "0", "--smtp-port", "0"]
        command += ["--state", str(room / "sandbox.db"), "--sessions", str(sessions), "--seed", "1"]
        process = subprocess.Popen(command, cwd=room, stdout=subprocess.PIPE, text=True)
        try:
            url, smtp_port = _addresses(process)
            api_key = httpx.get(f"{url}/sandbox/plan", timeout=60).json()["api_key"]
            yield Stage(url, room, os.environ | _environment(url, smtp_port, room, api_key) | settings)
        finally:
            process.terminate()
            process.wait()


def show(what: str, figure: float, target: str, holds: bool) -> None:
    """One line a figure, the missed ones too."""
    print(f"{what:<66} {figure:>9.2f}   target {target:<12} {'ok' if holds else 'MISSED'}", flush=True)


def show_machine() -> None:
    """Where the figures come from."""
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    cores, memory = psutil.cpu_count(), psutil.virtual_memory().total / 2**30
    print(f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}, {versions}", flush=True)


class Footprint:
    """The largest sum of resident memory of a process and all its children, sampled ten times a second."""

    def __init__(self, pid: int) -> None:
        self.peak_mb = 0.0
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Footprint:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            total = 0
            with contextlib.suppress(psutil.Error):
                for process in (self._process, *self._process.children(recursive=True)):
                    with contextlib.suppress(psutil.Error):
                        total += process.memory_full_info().pss  # shared pages count once
            self.peak_mb = max(self.peak_mb, total / 2**20)


def _addresses(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The sandbox's HTTP address and SMTP port, from what it prints when it answers."""
    assert process.stdout is not None
    url = smtp_port = ""
    for line in process.stdout:
        words = line.split()
        url = next((word.rstrip("/") for word in words if word.startswith("http://") and word.count("/") <= 3), url)
        if "smtp" in line.lower():
            smtp_port = words[-1].rpartition(":")[2].rstrip("/")
        if url and smtp_port:
            break
    return url, smtp_port


def _environment(url: str, smtp_port: str, room: Path, api_key: str) -> dict[str, str]:
    return {
        "BILLING_LEDGER_URL": f"sqlite:///{room / 'ledger.db'}",
        "BILLING_WAREHOUSE_PATH": str(room / "warehouse.duckdb"),
        "BILLING_VSCO_URL": f"{url}/vsco/api/v2",
        "BILLING_VSCO_API_KEY": api_key,
        "BILLING_STRIPE_URL": f"{url}/stripe",
        "BILLING_STRIPE_API_KEY": "sk_test_sandbox",
        "BILLING_STRIPE_REQUESTS_PER_SECOND": "1000",  # what is measured is ours; bench_charges measures the limit
        "BILLING_VSCO_REQUESTS_PER_SECOND": "1000",
        "BILLING_SMTP_HOST": "127.0.0.1",
        "BILLING_SMTP_PORT": smtp_port,
        "BILLING_SMTP_SECURITY": "none",
        "BILLING_STUDIO_NAME": "North Light",
        "BILLING_STUDIO_EMAIL": "studio@northlight.example",
        "BILLING_STUDIO_COUNTRY": "DE",
        "BILLING_TIME_ZONE": "Europe/Berlin",
        "BILLING_BILLING_STARTS_ON": "2020-01-01",
        "BILLING_DELIVERY_MODE": "automatic",
        "BILLING_AUTOPAY_NOTICE_DAYS": "0",
        "BILLING_LIMIT_INVOICES": "1000000",
        "BILLING_LIMIT_MAILS": "1000000",
        "BILLING_LIMIT_CHARGES": "1000000",
        "DAGSTER_HOME": str(room / "dagster"),
    }
