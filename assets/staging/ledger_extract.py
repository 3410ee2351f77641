"""The ledger, copied for reading."""

from __future__ import annotations

import dagster as dg

from assets.billing.deliveries import deliveries
from assets.billing.follow_ups import follow_ups
from assets.billing.gallery_grants import gallery_grants
from assets.billing.receipts import receipts, write_backs
from assets.chapters import OWNERS, STAGING
from assets.relations import POOL
from assets.reports import Result, table, told
from billing.services.due_work import ledger_position
from pipelines.resources import BillingResource, WarehouseResource


@dg.asset(
    group_name=STAGING,
    owners=OWNERS,
    kinds={"ledger", "duckdb"},
    deps=[deliveries, receipts, write_backs, gallery_grants, follow_ups],
    pool=POOL,
)
def ledger_extract(billing: BillingResource, warehouse: WarehouseResource) -> Result:
    """The ledger as it is at one moment, copied into DuckDB. It can be thrown away and made again at any time.

    Nobody's documents, passwords or addresses are in it.
    """
    with billing.opened() as ctx, warehouse.opened() as w:
        position = ledger_position(ctx)  # before the copy: what is written meanwhile makes the copy out of date
        rows = w.extract()
        return told(
            ctx,
            {
                "Rows": sum(rows.values()),
                "Tables": table(("Table", "Rows"), sorted(rows.items())),
                "Ledger position": position,
            },
        )
