"""What Dagster loads: assets, their checks, jobs, sensors, schedules and resources. Named in workspace.yaml."""

from __future__ import annotations

import dagster as dg

from billing.secrecy import keep_files_private


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything is imported here, when the definitions are asked for, and not with the module."""
    keep_files_private()  # every process that Dagster starts for a run, a sensor or a schedule comes by here
    import assets
    from assets.ledger_checks import all_others
    from assets.staging.ledger_extract import ledger_extract
    from pipelines.jobs import JOBS
    from pipelines.resources import BillingResource, WarehouseResource
    from pipelines.schedules import morning_round, nightly_reconciliation
    from sensors.completed_sessions import completed_sessions
    from sensors.due_work import due_work
    from sensors.run_failures import run_failures
    from sensors.stripe_payments import stripe_payments

    checks = dg.load_asset_checks_from_package_module(assets)
    return dg.Definitions(
        assets=dg.load_assets_from_package_module(assets),
        asset_checks=[*checks, *all_others(ledger_extract, checks)],
        jobs=JOBS,
        sensors=[completed_sessions, stripe_payments, due_work, run_failures],
        schedules=[morning_round, nightly_reconciliation],
        resources={"billing": BillingResource(), "warehouse": WarehouseResource()},
        executor=dg.in_process_executor,  # what is materialised by hand in the UI, too
    )
