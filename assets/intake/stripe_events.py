"""What Stripe hints at."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from assets.chapters import INTAKE, OWNERS
from assets.ledger_checks import ledger_checks
from assets.reports import Result, told
from billing.services.due_work import events_waiting
from billing.services.intake.apply_events import poll_events
from pipelines.resources import BillingResource


@dg.asset(
    group_name=INTAKE,
    owners=OWNERS,
    kinds={"stripe"},
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2)),
)
def stripe_events(billing: BillingResource) -> Result:
    """Stripe's events after the last one that we know, kept raw and once. An event is a hint: it books nothing."""
    with billing.opened() as ctx:
        if billing.stripe_trouble:
            return told(ctx, {"Stripe": billing.stripe_trouble})
        polled = poll_events(ctx)
        return told(
            ctx,
            {
                "New events": polled.events_new,
                "Waiting to be applied": len(events_waiting(ctx)),
                "Stripe": dg.MetadataValue.url(url) if (url := billing.stripe_dashboard()) else None,
            },
        )


stripe_events_are_settled = ledger_checks(stripe_events, advisory=("every_provider_event_older_than_a_day_is_settled",))
