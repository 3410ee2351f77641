"""Unpaid invoices, followed up by the policy."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from assets.billing.deliveries import deliveries
from assets.billing.payments import payments
from assets.chapters import BILLING, OWNERS
from assets.effects_done import do_effects
from assets.ledger_checks import ledger_checks
from assets.reports import Result, mails_told, table, told
from billing.domain.effects import EffectKind
from billing.services.collections.follow_up import plan_follow_ups
from billing.services.due_work import note_followed_up
from pipelines.resources import BillingResource


@dg.asset(
    group_name=BILLING,
    owners=OWNERS,
    kinds={"email"},
    deps=[deliveries, payments],
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=49), warn_window=timedelta(hours=26)),
)
def follow_ups(billing: BillingResource) -> Result:
    """Who has not paid is reminded: at most once a day, each stage once, and not while anything stands in the way.

    After the last reminder the invoice becomes a task for a person.
    """
    with billing.opened() as ctx:
        planned = plan_follow_ups(ctx)
        done = do_effects(billing, ctx, EffectKind.MAIL)
        note_followed_up(ctx)
        stages = table(("Stage", "Invoices"), [(stage.replace("_", " "), count) for stage, count in planned.items()])
        reminders = sum(count for stage, count in planned.items() if stage != "handed_over")
        return told(
            ctx,
            {
                "Reminders decided": reminders,
                "Handed over to a person": planned["handed_over"],
                "Stages": stages,
                **mails_told(done.ended),
            },
        )


follow_ups_hold = ledger_checks(follow_ups, advisory=("no_reminder_after_payment", "no_reminder_while_disputed"))
