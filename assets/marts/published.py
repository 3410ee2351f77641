"""The file that the dashboard reads."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from assets.chapters import MARTS, OWNERS, PUBLISHED
from assets.relations import POOL, relations_of
from assets.reports import table
from pipelines.resources import WarehouseResource


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
