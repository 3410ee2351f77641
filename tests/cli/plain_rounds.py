"""Speaks the protocol of `python -m pipelines.demo` without Dagster: the same services in the same order."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from billing.bootstrap import open_context, open_warehouse, pin_account
from billing.domain.effects import EffectKind
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.commands.carry_out import carry_out_commands
from billing.services.context import Context
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.effects.grant import plan_grants
from billing.services.intake.apply_events import apply_events, poll_events
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs
from billing.services.invoicing.deliver_invoices import render_invoices
from billing.services.invoicing.issue_invoices import bill_due_sessions
from billing.services.reconcile.run import reconcile_all
from billing.settings import Settings


def _bill(ctx: Context) -> None:
    pin_account(ctx)
    carry_out_commands(ctx)
    observe_jobs(ctx)
    fetch_session_records(ctx)
    bill_due_sessions(ctx)
    _effects(ctx, EffectKind.PAY_LINK, EffectKind.CHARGE, EffectKind.PAY_LINK)
    render_invoices(ctx)
    _effects(ctx, EffectKind.MAIL)


def _apply(ctx: Context) -> None:
    poll_events(ctx)
    apply_events(ctx)
    plan_grants(ctx)
    money_back = (EffectKind.REFUND, EffectKind.REVOKE)
    _effects(ctx, *money_back, EffectKind.GRANT, EffectKind.CLOSE_PAY_LINK, EffectKind.WRITE_BACK, EffectKind.MAIL)


def _follow_up(ctx: Context) -> None:
    plan_follow_ups(ctx)
    _effects(ctx, EffectKind.MAIL)


def _effects(ctx: Context, *kinds: EffectKind) -> None:
    for kind in kinds:
        run_effects(ctx, HANDLERS[kind], kind)


ROUND: dict[str, Callable[[Context], None]] = {
    "bill_completed_sessions": _bill,
    "apply_stripe_events": _apply,
    "follow_up_unpaid": _follow_up,
}


def main() -> None:
    settings = Settings(_env_file=None)
    for line in sys.stdin:
        started = time.monotonic()
        if line.strip() == "quit":
            return
        if line.strip() == "reconcile":
            with open_context(settings) as ctx:
                found = reconcile_all(ctx)
            done = {"reconcile": not any(one.differences for one in found)}
        elif line.strip() == "refresh":
            open_warehouse(settings).rebuild()
            done = {"refresh_warehouse": True}
        else:
            with open_context(settings) as ctx:
                for job in ROUND.values():
                    job(ctx)
            done = dict.fromkeys(ROUND, True)
        print(json.dumps({"jobs": done, "seconds": time.monotonic() - started}), flush=True)


if __name__ == "__main__":
    main()
