"""The hash chains of the books, read from end to end once a day: with the follow-ups, which run once a day."""

from __future__ import annotations

from typing import cast

import dagster as dg

from assets.billing.follow_ups import follow_ups
from assets.reports import table
from billing.services.due_work import ledger_position
from pipelines.resources import HouseResource

_SHOWN = 20


@dg.asset_check(asset=follow_ups)
def no_row_of_the_books_was_changed(house: HouseResource) -> dg.AssetCheckResult:
    """Every posting and every domain event still has the hash that it was written with, and follows the one before."""
    from billing.adapters.ledger.books import SqlLedger

    with house.opened() as h:
        position = ledger_position(h)
        with cast(SqlLedger, h.ledger).read() as books:
            broken = books.journal.broken_links()
    found = table(("Changed, taken out or put in",), [(name,) for name in broken[:_SHOWN]])
    return dg.AssetCheckResult(
        passed=not broken,
        description=None
        if not broken
        else "The books were changed by hand or by a failing disk: compare with the newest backup before going on.",
        metadata={"Ledger position": position, "Links broken": len(broken), **({"Rows": found} if found else {})},
    )
