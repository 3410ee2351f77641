"""The file that the dashboard reads."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from assets.chapters import MARTS, OWNERS, PUBLISHED
from assets.relations import POOL, relations_of
from assets.reports import table
from billing.adapters.warehouse.totals import published_totals
from pipelines.resources import BillingResource, WarehouseResource


@dg.asset(
    group_name=PUBLISHED,
    owners=OWNERS,
    kinds={"duckdb"},
    deps=[dg.AssetKey(relation.name) for relation in relations_of(MARTS)],
    pool=POOL,
    # The warehouse is made anew when the ledger or the day has changed; a day without is a day too long.
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=49), warn_window=timedelta(hours=26)),
)
def published(warehouse: WarehouseResource) -> dg.MaterializeResult[None]:
    """The marts in one file, swapped in whole: the dashboard shows the old figures or the new ones, never a mixture."""
    with warehouse.opened() as w:
        made = w.publish()
    return dg.MaterializeResult(
        metadata={
            "File": dg.MetadataValue.path(made.path),
            "Ledger as of": dg.MetadataValue.timestamp(made.extracted_at),
            "Size in bytes": made.size_bytes,
            "SHA-256": made.sha256,
            "Rows": sum(made.rows.values()),
            **({"Marts": rows} if (rows := table(("Mart", "Rows"), sorted(made.rows.items()))) else {}),
        }
    )


@dg.asset_check(asset=published, blocking=True)
def published_figures_are_the_ledgers(billing: BillingResource, warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Each account's balance in the published file is the ledger's own, as it was when it was copied."""
    with billing.opened() as ctx:
        shown = published_totals(warehouse.published_path)
        with ctx.ledger.read() as uow:
            true = uow.journal.totals(sum(entries for entries, _ in shown.values()))
    wrong = sorted(key for key in shown.keys() | true.keys() if shown.get(key) != true.get(key))
    rows = table(
        ("Account", "Currency", "Published: entries, minor units", "Ledger: entries, minor units"),
        [
            (account, currency, shown.get((account, currency)), true.get((account, currency)))
            for account, currency in wrong
        ],
    )
    return dg.AssetCheckResult(
        passed=not wrong, metadata={"Accounts compared": len(shown), **({"Differences": rows} if rows else {})}
    )
