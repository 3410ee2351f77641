"""Studios at the wire that differ from the usual one: in their currency, or in their secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from fake_paper import FakeRenderer
from wire import TurnedClock, Wire

from billing.bootstrap import open_context
from billing.sandbox.seed import SeedPlan, complete_session, seed_studio
from billing.sandbox.server import running_sandbox
from billing.settings import Settings


@contextmanager
def studio_at_the_wire(
    folder: Path,
    *,
    currency: str = "EUR",
    known_outside: dict[str, str] | None = None,
    seeded: Callable[..., SeedPlan] = seed_studio,
    is_printed: bool = False,
    **settings: str,
) -> Iterator[tuple[Wire, Settings]]:
    """All sessions completed, nothing billed yet; `known_outside`: settings of the sandbox, such as its API key.

    Its PDFs are stand-ins, unless `is_printed`: to set them would take longer than all else.
    """
    with ExitStack() as closing:
        sandbox = closing.enter_context(running_sandbox(folder / "sandbox.db"))
        for name, value in (known_outside or {}).items():
            sandbox.store.set_setting(name, value)
        plan = seeded(sandbox.store, sandbox.clock, sessions=3, seed=7, currency=currency)
        sandbox.clock.freeze(sandbox.clock.now())  # in one instant: the order of numbers is that of the ids
        for job in plan.jobs:
            complete_session(sandbox.store, sandbox.clock, job.id)
        sandbox.clock.release()
        usual = {
            "ledger_url": f"sqlite:///{folder}/ledger.db", "warehouse_path": str(folder / "warehouse.duckdb"),
            "vsco_url": f"{sandbox.url}/vsco/api/v2", "vsco_api_key": plan.api_key,
            "stripe_api_key": "sk_test_sandbox", "stripe_url": f"{sandbox.url}/stripe",
            "stripe_requests_per_second": "1000",
            "vsco_requests_per_second": "1000",
            "smtp_host": "127.0.0.1", "smtp_port": str(sandbox.smtp_port), "smtp_security": "none",
            "studio_name": plan.studio_name, "studio_email": "hello@northlight.example",
            "time_zone": plan.timezone, "billing_starts_on": "2020-01-01", "delivery_mode": "automatic",
            "autopay_notice_days": "0", "render_workers": "1",
            "pixieset_url": f"{sandbox.url}/pixieset/galleries/api/v1",
            "pixieset_session_cookie": "sandbox-session", "pixieset_csrf_token": "sandbox-csrf",
        }  # fmt: skip
        made = Settings.model_validate(usual | settings)
        clock = TurnedClock(sandbox)
        ctx = replace(closing.enter_context(open_context(made)), clock=clock)
        if not is_printed:
            ctx = replace(ctx, renderer=FakeRenderer())
        yield Wire(sandbox, plan, ctx, clock), made
