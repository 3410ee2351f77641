"""The hash chains of the books, read from end to end once a day: with the follow-ups, which run once a day."""

from __future__ import annotations

import dagster as dg

from assets.billing.follow_ups import follow_ups
from assets.reports import table
from billing.services.due_work import ledger_position
from pipelines.resources import BillingResource

_SHOWN = 20


@dg.asset_check(asset=follow_ups)
def no_row_of_the_books_was_changed(billing: BillingResource) -> dg.AssetCheckResult:
    """Every posting and every domain event still has the hash that it was written with, and follows the one before."""
    with billing.opened() as ctx:
        position = ledger_position(ctx)
        with ctx.ledger.read() as uow:
            broken = uow.journal.broken_links()
    found = table(("Changed, taken out or put in",), [(name,) for name in broken[:_SHOWN]])
    return dg.AssetCheckResult(
        passed=not broken,
        description=None
        if not broken
        else "The books were changed by hand or by a failing disk: compare with the newest backup before going on.",
        metadata={"Ledger position": position, "Links broken": len(broken), **({"Rows": found} if found else {})},
    )
