"""A studio of two sessions at the wire, as small as it can be and still make every call that changes something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fake_paper import FakeRenderer

from billing.bootstrap import open_context
from billing.domain.effects import EffectKind, EffectState, message_id
from billing.domain.errors import BillingError
from billing.sandbox.seed import SeedPlan, complete_session, seed_studio
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.services.commands.carry_out import carry_out_commands, submit
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.effects.grant import plan_grants
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
from billing.services.invoicing.deliver_invoices import render_invoices
from billing.services.invoicing.issue_invoices import bill_due_sessions
from billing.settings import Settings

_CLIENT_ON_AUTOPAY, _CLIENT_BY_LINK = ("pixieset", None), ("vsco", "hostile_name")  # gallery and difficulty of a job

# What a person tries again when its cause is mended; a card that was refused never.
_RETRIED = (
    EffectKind.MAIL, EffectKind.GRANT, EffectKind.REVOKE, EffectKind.WRITE_BACK, EffectKind.PAY_LINK,
    EffectKind.CLOSE_PAY_LINK,
)  # fmt: skip


@dataclass(frozen=True)
class SandboxClock:
    sandbox: RunningSandbox

    def now(self) -> datetime:
        return self.sandbox.clock.now()


@dataclass(frozen=True)
class Wire:
    """One studio: what is outside, and the application."""

    sandbox: RunningSandbox
    plan: SeedPlan
    ctx: Context

    @property
    def clock(self) -> SandboxClock:
        return SandboxClock(self.sandbox)

    def round(self, intake: bool) -> None:
        """Each step of the pipeline; one that fails does not keep the later ones from being tried."""
        first: list[Any] = [observe_jobs, fetch_session_records, bill_due_sessions] if intake else []
        then: list[Any] = [self._do_all, render_invoices, self._do_all, poll_events, apply_events, plan_grants]
        for step in (carry_out_commands, *first, *then, self._do_all):
            try:
                step(self.ctx)
            except BillingError:
                continue  # it is tried again in the next round

    def open_links(self) -> list[str]:
        """The pages of invoices that are not paid, as their clients have them."""
        with self.ctx.ledger.read() as uow:
            links = [uow.pay_links.newest_open(row.invoice.invoice_id) for row in uow.invoices.unpaid()]
        return [link.link_id for link in links if link is not None]

    def owed(self) -> list[int]:
        with self.ctx.ledger.read() as uow:
            return sorted(row.balance_minor for row in uow.invoices.unpaid())

    def answer_what_is_in_doubt(self) -> None:
        """A person looks into the mailbox and says what happened; what was refused and is mended is tried again."""
        with self.ctx.ledger.read() as uow:
            in_doubt = uow.effects.in_state(EffectState.UNKNOWN, EffectKind.MAIL)
            failed = [one for kind in _RETRIED for one in uow.effects.in_state(EffectState.FAILED, kind)]
        for effect in in_doubt:
            happened = "yes" if self._arrived(effect.key) else "no"
            self._ask("settle", effect_id=effect.effect_id, happened=happened)
        for effect in failed:
            self._ask("retry", effect_id=effect.effect_id)

    def give_everything_back(self) -> None:
        with self.ctx.ledger.read() as uow:
            issued = [row for job in self.plan.jobs for row in uow.invoices.of_session(f"vsco:{job.id}")]
            paid = [(row.invoice.number or "", uow.payments.of_invoice(row.invoice.invoice_id)) for row in issued]
        for number, payments in paid:
            self._ask("refund", number=number, amount_minor=sum(payment.amount.minor for payment in payments))

    def _do_all(self, ctx: Context) -> None:
        for kind in EffectKind:
            if kind in HANDLERS:
                run_effects(ctx, HANDLERS[kind], kind)

    def _ask(self, name: str, **arguments: str | int) -> None:
        submit(self.ctx.ledger, name, arguments, "olga", "looked", self.clock.now())

    def _arrived(self, key: str) -> bool:
        domain = self.ctx.policy.sender.rpartition("@")[2].rstrip(">")
        return message_id(key, domain) in {effect["subject"] for effect in self.sandbox.store.effects("mail.accepted")}


@contextmanager
def studio(folder: Path) -> Iterator[Wire]:
    """Two sessions are completed, nothing is billed yet."""
    with ExitStack() as closing:
        sandbox = closing.enter_context(running_sandbox(folder / "sandbox.db"))
        plan = seed_studio(sandbox.store, sandbox.clock, sessions=2, seed=8)
        for job in plan.jobs:
            if (job.gallery, job.difficulty) in (_CLIENT_ON_AUTOPAY, _CLIENT_BY_LINK):
                complete_session(sandbox.store, sandbox.clock, job.id)
        settings = Settings.model_validate(
            {
                "ledger_url": f"sqlite:///{folder}/ledger.db", "vsco_url": f"{sandbox.url}/vsco/api/v2",
                "vsco_api_key": plan.api_key, "stripe_api_key": "sk_test_sandbox",
                "stripe_url": f"{sandbox.url}/stripe", "smtp_host": "127.0.0.1", "smtp_port": sandbox.smtp_port,
                "smtp_security": "none", "studio_name": plan.studio_name, "studio_email": "hello@northlight.example",
                "studio_country": "DE", "time_zone": plan.timezone, "billing_starts_on": "2020-01-01",
                "delivery_mode": "automatic", "autopay_notice_days": 0,
                "pixieset_url": f"{sandbox.url}/pixieset/galleries/api/v1",
                "pixieset_session_cookie": "sandbox-session", "pixieset_csrf_token": "sandbox-csrf",
            }
        )  # fmt: skip
        ctx = closing.enter_context(open_context(settings))
        yield Wire(sandbox, plan, replace(ctx, clock=SandboxClock(sandbox), renderer=FakeRenderer()))
