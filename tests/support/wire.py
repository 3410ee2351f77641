"""A studio at the wire and a day's work on it; time goes by when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.effects import EffectKind, EffectState, message_id
from billing.domain.errors import BillingError
from billing.sandbox.seed import SeedPlan
from billing.sandbox.server import RunningSandbox
from billing.services.commands.carry_out import carry_out_commands, submit
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.effects.grant import plan_grants
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
from billing.services.invoicing.deliver_invoices import render_invoices
from billing.services.invoicing.issue_invoices import bill_due_sessions


@dataclass
class TurnedClock:
    """The sandbox's time, and what a test has added to it."""

    sandbox: RunningSandbox
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return self.sandbox.clock.now() + self.ahead


def _doing(*kinds: EffectKind) -> Callable[[Context], None]:
    """The step of the pipeline that does what stands ready of these kinds."""

    def step(ctx: Context) -> None:
        for kind in kinds:
            run_effects(ctx, HANDLERS[kind], kind)

    return step


@dataclass
class Wire:
    """One studio: what is outside, and the application."""

    sandbox: RunningSandbox
    plan: SeedPlan
    ctx: Context
    clock: TurnedClock

    def round(self) -> list[BillingError]:
        """Each step of the pipeline; one that fails does not keep the later ones from being tried."""
        steps = (
            carry_out_commands, observe_jobs, fetch_session_records, bill_due_sessions, self.links, self.charges,
            self.links, render_invoices, self.mails, poll_events, apply_events, self.refunds, plan_grants,
            self.grants, self.closings, self.write_backs, self.mails,
        )  # fmt: skip
        errors = []
        for step in steps:
            try:
                step(self.ctx)  # type: ignore[operator]
            except BillingError as error:
                errors.append(error)
        return errors

    links = staticmethod(_doing(EffectKind.PAY_LINK))
    charges = staticmethod(_doing(EffectKind.CHARGE))
    mails = staticmethod(_doing(EffectKind.MAIL))
    grants = staticmethod(_doing(EffectKind.GRANT, EffectKind.REVOKE))
    refunds = staticmethod(_doing(EffectKind.REFUND))
    closings = staticmethod(_doing(EffectKind.CLOSE_PAY_LINK))
    write_backs = staticmethod(_doing(EffectKind.WRITE_BACK))

    def converge(self) -> None:
        """The outside is mended, time goes by, and people answer what only they can: a mail in doubt did go out."""
        for _ in range(3):
            self.clock.ahead += timedelta(hours=2)
            assert self.round() == []
        with self.ctx.ledger.read() as uow:
            in_doubt = uow.effects.in_state(EffectState.UNKNOWN, EffectKind.MAIL)
        for effect in in_doubt:
            arguments = {"effect_id": effect.effect_id, "happened": "yes" if self.arrived(effect.key) else "no"}
            submit(self.ctx.ledger, "settle", arguments, "olga", "looked", self.clock.now())
            if arguments["happened"] == "no":
                submit(self.ctx.ledger, "retry", {"effect_id": effect.effect_id}, "olga", "", self.clock.now())
        assert self.round() == []

    def arrived(self, key: str) -> bool:

        domain = self.ctx.policy.sender.rpartition("@")[2].rstrip(">")
        return message_id(key, domain) in {effect["subject"] for effect in self.sandbox.store.effects("mail.accepted")}
