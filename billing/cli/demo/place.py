"""Where the demo lives: its folder, its ports, and the settings under which the business runs in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from billing.bootstrap import SQL
from billing.cli.demo.world import STRIPE_KEY, WEBHOOK_SECRET
from billing.domain.errors import PermanentError
from billing.sandbox.clock import SandboxClock
from billing.sandbox.seed import SeedPlan, seed_studio
from billing.sandbox.seed.studio import ACCENT, EMAIL, OWNER_EMAIL
from billing.sandbox.store import Store
from billing.settings import Settings

ROOT = SQL.parent
SEED = 54  # within seventy days: cards refused for four reasons, late payers, and one who never pays


@dataclass(frozen=True)
class Place:
    """One world: everything it keeps is under `directory`, so that deleting that is starting anew."""

    directory: Path

    @property
    def sandbox_state(self) -> Path:
        return self.directory / "sandbox.db"

    @property
    def dagster_home(self) -> Path:
        return self.directory / "dagster"

    @property
    def running(self) -> Path:
        """What is locked while it runs: the file that `billing up` for this ledger would lock."""
        return self.directory / "ledger.db.running"

    def prepare(self) -> None:
        """Make the folders, and give Dagster its settings."""
        self.dagster_home.mkdir(parents=True, exist_ok=True)
        if (ROOT / "dagster.yaml").exists():
            shutil.copyfile(ROOT / "dagster.yaml", self.dagster_home / "dagster.yaml")

    def environment(self, sandbox_url: str, smtp_port: int, plan: SeedPlan, starts_on: date) -> dict[str, str]:
        """The environment of every process in this world: nothing of the studio's real settings gets in."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("BILLING_")}
        business = {
            "ledger_url": f"sqlite:///{self.directory / 'ledger.db'}",
            "warehouse_path": str(self.directory / "warehouse.duckdb"),
            "time_zone": plan.timezone,
            "vsco_url": f"{sandbox_url}/vsco/api/v2",
            "vsco_api_key": plan.api_key,
            "stripe_api_key": STRIPE_KEY,
            "stripe_url": f"{sandbox_url}/stripe",
            "stripe_requests_per_second": "1000",  # the sandbox has no limit of its own
            "vsco_requests_per_second": "1000",
            "stripe_webhook_secrets": WEBHOOK_SECRET,
            "pixieset_url": f"{sandbox_url}/pixieset/galleries/api/v1",
            "pixieset_session_cookie": "sandbox-session",
            "pixieset_csrf_token": "sandbox-csrf",
            "smtp_host": "127.0.0.1",
            "smtp_port": str(smtp_port),
            "smtp_security": "none",
            "studio_name": plan.studio_name,
            "studio_email": EMAIL,
            "studio_address": "14 Quay Street|Galway|H91 E7RF",
            "studio_country": "IE",
            "studio_phone": "+353 20 910 0142",  # of the numbers that Ireland keeps for fiction
            "studio_website": "northlight.example",
            "studio_tax_id": "VAT IE 1234567T",
            "studio_bank_details": "IBAN IE29 AIBK 9311 5212 3456 78|BIC AIBKIE2D",  # the registry's own example
            "studio_accent": ACCENT,
            "studio_terms": "Galleries open when the invoice is paid. Thank you for spending this day with us.",
            "owner_email": OWNER_EMAIL,
            "default_language": "en",
            "billing_starts_on": starts_on.isoformat(),
            "delivery_mode": "automatic",
            "clock_url": f"{sandbox_url}/sandbox/clock",
            "poll_seconds": "5",
        }
        named = {f"BILLING_{name.upper()}": value for name, value in business.items()}
        return plain | named | {"DAGSTER_HOME": str(self.dagster_home)}


def seed_world(
    place: Place, sessions: int, days: int, currency: str | None = None, seed: Callable[..., SeedPlan] = seed_studio
) -> tuple[SeedPlan, date]:
    """The studio's plan and the day its billing starts; a world that is there already goes on as it is.

    A new one begins `days` ago at ten o'clock UTC: late enough in the studio's day, and far from its midnight.
    It counts in euros unless told otherwise. PermanentError if the one that is there counts in another currency.
    """
    store = Store(place.sandbox_state)
    try:
        clock = SandboxClock(store)
        if store.get("sandbox.plan", "plan") is None:
            first = (datetime.now(UTC) - timedelta(days=days)).date()
            clock.freeze(datetime.combine(first, time(10), UTC))
            seed(store, clock, sessions=sessions, seed=SEED, currency=currency or "EUR")
            clock.release()
            store.put("demo.start", "start", {"starts_on": first.isoformat()})
        started, plan = store.get("demo.start", "start") or {}, SeedPlan.load(store)
        if currency not in (None, plan.currency):
            sentence = f"The world in {place.directory} counts in {plan.currency}; choose another --directory."
            raise PermanentError("other_currency", sentence)
        return plan, date.fromisoformat(str(started["starts_on"]))
    finally:
        store.close()


@contextmanager
def settings_of(environment: Mapping[str, str]) -> Iterator[Settings]:
    """The settings that this environment makes, without any .env file."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield Settings(_env_file=None)
    finally:
        os.environ.clear()
        os.environ.update(before)
