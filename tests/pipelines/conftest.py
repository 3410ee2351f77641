"""A studio in the sandbox, on free ports, with a Dagster instance of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from acting_studio import Studio
from fake_paper import FakeRenderer

from billing.sandbox.seed import seed_studio
from billing.sandbox.server import running_sandbox
from pipelines.resources import standing


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    with running_sandbox(tmp_path / "sandbox.db") as sandbox, dg.DagsterInstance.ephemeral() as instance:
        plan = seed_studio(sandbox.store, sandbox.clock, sessions=4, seed=7)
        settings = {
            "LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
            "WAREHOUSE_PATH": str(tmp_path / "warehouse.duckdb"),
            "TIME_ZONE": plan.timezone,
            "VSCO_URL": f"{sandbox.url}/vsco/api/v2",
            "VSCO_API_KEY": plan.api_key,
            "STRIPE_API_KEY": "sk_test_sandbox",
            "STRIPE_URL": f"{sandbox.url}/stripe",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(sandbox.smtp_port),
            "SMTP_SECURITY": "none",
            "STUDIO_NAME": plan.studio_name,
            "STUDIO_EMAIL": "hello@northlight.example",
            "OWNER_EMAIL": "owner@northlight.example",
            "BILLING_STARTS_ON": "2020-01-01",
            "DELIVERY_MODE": "automatic",
            "AUTOPAY_NOTICE_DAYS": "0",
            "OWNER_DIGEST": "false",  # whatever the hour, these tests count what goes out
            "CLOCK_URL": f"{sandbox.url}/sandbox/clock",
        }
        # To set the PDFs would take longer than all else: where a process of its own does the work, they are set.
        monkeypatch.setattr("billing.adapters.documents.PdfRenderer", lambda _workers: FakeRenderer())
        for name, value in settings.items():
            monkeypatch.setenv(f"BILLING_{name}", value)
        yield Studio(sandbox, plan, instance)
        standing.close()
