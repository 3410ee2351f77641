"""A seeded studio at the wire: the real adapters against the real sandbox, with a clock that tests turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fake_paper import FakeRenderer
from strangers import seed_with_strangers
from wire import TurnedClock, Wire

from billing.bootstrap import open_context
from billing.sandbox.seed import SeedPlan, complete_session, seed_studio
from billing.sandbox.server import running_sandbox
from billing.settings import Settings


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """Its PDFs are stand-ins: to set them would take longer than all else."""
    with wire_of(tmp_path, seed_studio) as wire:
        yield replace(wire, ctx=replace(wire.ctx, renderer=FakeRenderer()))


@pytest.fixture
def wire_with_strangers(tmp_path: Path) -> Iterator[Wire]:
    with wire_of(tmp_path, seed_with_strangers) as wire:
        yield wire


@contextmanager
def wire_of(tmp_path: Path, seeded: Callable[..., SeedPlan]) -> Iterator[Wire]:
    with ExitStack() as closing:
        sandbox = closing.enter_context(running_sandbox(tmp_path / "sandbox.db"))
        plan = seeded(sandbox.store, sandbox.clock, sessions=3, seed=7)
        for job in plan.jobs:
            complete_session(sandbox.store, sandbox.clock, job.id)
        settings = Settings.model_validate(
            {
                "ledger_url": f"sqlite:///{tmp_path}/ledger.db", "vsco_url": f"{sandbox.url}/vsco/api/v2",
                "vsco_api_key": plan.api_key, "stripe_api_key": "sk_test_sandbox",
                "stripe_requests_per_second": 1000,
                "vsco_requests_per_second": 1000,
                "stripe_url": f"{sandbox.url}/stripe", "smtp_host": "127.0.0.1", "smtp_port": sandbox.smtp_port,
                "smtp_security": "none", "studio_name": plan.studio_name, "studio_email": "hello@northlight.example",
                "studio_country": "DE", "time_zone": plan.timezone, "billing_starts_on": "2020-01-01",
                "delivery_mode": "automatic", "autopay_notice_days": 0, "render_workers": 1,
                "pixieset_url": f"{sandbox.url}/pixieset/galleries/api/v1",
                "pixieset_session_cookie": "sandbox-session", "pixieset_csrf_token": "sandbox-csrf",
            }
        )  # fmt: skip
        clock = TurnedClock(sandbox)
        ctx = replace(closing.enter_context(open_context(settings)), clock=clock)
        yield Wire(sandbox, plan, ctx, clock)
