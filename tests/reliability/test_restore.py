"""Yesterday's backup restored over today's world, at the wire: the sandbox counts what really happened outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_paper import FakeRenderer
from strangers import seed_with_strangers
from wire import TurnedClock, Wire

from billing.adapters.ledger.backup import back_up, restore
from billing.adapters.ledger.checks import run_checks
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.bootstrap import SQL, open_context
from billing.cli.demo.clients import save_cards
from billing.cli.demo.world import World
from billing.domain.effects import EffectKind, EffectState
from billing.sandbox.oracle import oracle
from billing.sandbox.seed import complete_session
from billing.sandbox.server import running_sandbox
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
from billing.services.invoicing.issue_invoices import bill_due_sessions
from billing.services.reconcile import reconcile_all
from billing.services.safety.restore import mark_restored, reconcile_restored
from billing.settings import Settings

SESSIONS = 10
BEFORE = 6  # completed on day 1
FORM = {"number": "4242424242424242", "expiry": "12/40", "cvc": "737", "name": "A Client", "email": "a@client.example"}


@dataclass
class Studio:
    """A studio whose context can be closed and opened anew, as a stopped pipeline is."""

    wire: Wire
    settings: Settings
    folder: Path

    def live(self, days: int) -> None:
        """Rounds and reminders, day after day."""
        for _ in range(days):
            for _ in range(2):
                self.wire.round()
                plan_follow_ups(self.wire.ctx)
                self.wire.mails(self.wire.ctx)
            self.wire.clock.ahead += timedelta(days=1)

    def complete(self, first: int, last: int) -> None:
        for job in self.wire.plan.jobs[first:last]:
            complete_session(self.wire.sandbox.store, self.wire.sandbox.clock, job.id)

    def pay_one_page(self) -> None:
        """The first client who owes pays on the page; the rest stay silent."""
        ctx = self.wire.ctx
        with ctx.ledger.read() as uow:
            links = [uow.pay_links.newest_open(row.invoice.invoice_id) for row in uow.invoices.unpaid()]
        url = next(link.url for link in links if link)
        assert httpx.post(url, data=FORM, follow_redirects=True).status_code == 200

    def mails_sent(self) -> set[str]:
        """Kinds of mail that went out, by the ledger."""
        with self.wire.ctx.ledger.read() as uow:
            return {mail.purpose.partition(":")[0] for mail in uow.effects.in_state(EffectState.DONE, EffectKind.MAIL)}

    def open_items(self) -> set[str]:
        with self.wire.ctx.ledger.read() as uow:
            return {item.code for item in uow.tasks.open_tasks()}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Studio]:
    with ExitStack() as stack:
        sandbox = stack.enter_context(running_sandbox(tmp_path / "sandbox.db"))
        plan = seed_with_strangers(sandbox.store, sandbox.clock, sessions=SESSIONS, seed=7)
        settings = Settings.model_validate(
            {
                "ledger_url": f"sqlite:///{tmp_path}/ledger.db", "vsco_url": f"{sandbox.url}/vsco/api/v2",
                "vsco_api_key": plan.api_key, "stripe_api_key": "sk_test_sandbox",
                "stripe_url": f"{sandbox.url}/stripe", "smtp_host": "127.0.0.1", "smtp_port": sandbox.smtp_port,
                "smtp_security": "none", "studio_name": plan.studio_name, "studio_email": "hello@northlight.example",
                "studio_country": "DE", "time_zone": plan.timezone, "billing_starts_on": "2020-01-01",
                "delivery_mode": "automatic", "autopay_notice_days": 0, "render_workers": 1,
                "pixieset_url": f"{sandbox.url}/pixieset/galleries/api/v1",
                "pixieset_session_cookie": "sandbox-session", "pixieset_csrf_token": "sandbox-csrf",
            }
        )  # fmt: skip
        clock = TurnedClock(sandbox)
        ctx = replace(stack.enter_context(open_context(settings)), clock=clock, renderer=FakeRenderer())
        yield Studio(Wire(sandbox, plan, ctx, clock), settings, tmp_path)


def counted(world: Studio) -> dict[str, Any]:
    """All that the outside has seen, by what it was."""
    truth = oracle(world.wire.sandbox.store)
    return {name: truth[name] for name in ("counts", "charges", "mails", "grants", "write_backs", "amounts")}


def put_back(world: Studio, copy: Path) -> None:
    """What `billing restore` does; the pipeline's connections are closed before it, and open anew by themselves."""
    ledger = world.wire.ctx.ledger
    assert isinstance(ledger, SqlLedger)
    ledger.close()
    now = world.wire.clock.now()
    restore(ledger.url, copy, "20260101T000000Z", lambda staged, present: mark_restored(staged, "lost", "olga", now))


def test_yesterdays_backup_over_todays_world_sends_charges_and_opens_nothing_again(world: Studio) -> None:
    with closing(World(world.wire.sandbox.url)) as clients:
        assert save_cards(world.wire.ctx, clients, world.wire.plan) >= 1
    world.complete(0, BEFORE)
    for step in (observe_jobs, fetch_session_records, bill_due_sessions):
        step(world.wire.ctx)
    copy = world.folder / "day-1.db"
    back_up(world.settings.ledger_url, copy, world.wire.clock.now())
    world.live(1)
    world.complete(BEFORE, SESSIONS)
    world.live(1)
    world.pay_one_page()
    world.live(9)
    today = counted(world)
    assert today["charges"]["succeeded"] >= 2
    assert {"invoice", "receipt", "gallery", "reminder"} <= world.mails_sent()
    assert today["write_backs"]["payments"] >= 2
    assert today["grants"]["opened"] >= 1

    put_back(world, copy)
    world.live(1)
    assert counted(world) == today
    assert "hold_restored" in world.open_items()
    reconcile_restored(world.wire.ctx, reconcile_all, "olga")
    world.live(4)

    assert counted(world) == today
    assert "hold_restored" not in world.open_items()
    assert {"mails_in_doubt", "decisions_lost", "perhaps_billed"} <= world.open_items()
    with world.wire.ctx.ledger.read() as uow:
        left = uow.effects.in_state(EffectState.READY) + uow.effects.in_state(EffectState.IN_FLIGHT)
        unknown = {effect.kind for effect in uow.effects.in_state(EffectState.UNKNOWN)}
        assert uow.journal.broken_links() == []
    assert left == []
    assert unknown == {EffectKind.MAIL}
    broken = [one.name for one in run_checks(_engine(world), SQL, now=world.wire.clock.now()) if not one.holds]
    assert broken == []


def _engine(world: Studio) -> Any:
    ledger = world.wire.ctx.ledger
    assert isinstance(ledger, SqlLedger)
    return ledger.engine
