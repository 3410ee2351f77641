"""Completed sessions, and what VSCO Workspace says of each."""

from datetime import timedelta

import dagster as dg

from assets.chapters import INTAKE, OWNERS
from assets.reports import Result, logged, table, told
from billing.services.context import Context
from billing.services.intake.observe_sessions import PAGES_A_ROUND, READ_A_ROUND, fetch_session_records, observe_jobs
from pipelines.resources import BillingResource


@dg.asset(
    group_name=INTAKE,
    owners=OWNERS,
    kinds={"vsco"},
    # The sensor reports an hourly look at a quiet studio as well, so silence means that nobody looks.
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2)),
)
def completed_sessions(billing: BillingResource) -> Result:
    """Which sessions are completed, as VSCO Workspace tells it. Every version of every job is kept as it was seen."""
    with billing.opened() as ctx:
        seen = observe_jobs(ctx, PAGES_A_ROUND, go_on=True)
        return told(
            ctx,
            {
                "Jobs read": seen.jobs_read,
                "Broken off": seen.trouble,
                "New versions": seen.records_new,
                "Sessions noticed": seen.sessions_new,
                **_waiting(ctx),
            },
        )


@dg.asset(group_name=INTAKE, owners=OWNERS, kinds={"vsco"}, deps=[completed_sessions])
def session_records(context: dg.AssetExecutionContext, billing: BillingResource) -> Result:
    """The order, client, payments and gallery of each completed session, read before anything is billed from them.

    A session that waits for somebody to mend it in VSCO Workspace is read again every few minutes. Of a backlog each
    run reads and bills a part, the oldest first.
    """
    with billing.opened() as ctx:
        read = fetch_session_records(ctx, READ_A_ROUND, logged(context, "sessions read"))
        return told(ctx, {"Sessions read": read, **_waiting(ctx)})


def _waiting(ctx: Context) -> dict[str, object]:
    with ctx.ledger.read() as uow:
        due, mended = uow.sessions.in_state("due"), uow.sessions.in_state("attention")
    rows = [(row.job_id, row.completed_on) for row in due]
    return {
        "To be billed": len(due),
        "Set aside": len(mended),
        "Sessions to be billed": table(("Job", "Completed on"), rows),
    }
