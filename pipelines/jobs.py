"""The jobs: which assets belong together in a run. What is due is read from the ledger, so each may run at any time.

All assets of a run that act share one process: a process for each step would cost two seconds a step.
"""

from __future__ import annotations

import dagster as dg

from assets.chapters import MARTS, PUBLISHED, RECONCILIATION, STAGING

BILL_COMPLETED_SESSIONS = "bill_completed_sessions"
APPLY_STRIPE_EVENTS = "apply_stripe_events"
FOLLOW_UP_UNPAID = "follow_up_unpaid"
RECONCILE = "reconcile"
REFRESH_WAREHOUSE = "refresh_warehouse"

# In the order of the story: work that is due anywhere in it is done by running from there to the end.
INTAKE_ASSETS = ("completed_sessions", "session_records")
BILLING_ASSETS = (
    "decisions", "invoices", "deliveries", "charges", "payments", "receipts", "write_backs", "gallery_grants",
)  # fmt: skip
_PAYMENT_ASSETS = BILLING_ASSETS[BILLING_ASSETS.index("payments") :]

JOB_TAG = "studio/job"  # dagster.yaml lets one run of each value at a time
_MINUTE = 60


def _tags(name: str, minutes_at_most: int) -> dict[str, str]:
    # A host that dies leaves its run "started" for ever unless its time is limited.
    return {JOB_TAG: name, dg.MAX_RUNTIME_SECONDS_TAG: str(minutes_at_most * _MINUTE)}


bill_completed_sessions = dg.define_asset_job(
    BILL_COMPLETED_SESSIONS,
    dg.AssetSelection.assets(*INTAKE_ASSETS, *BILLING_ASSETS),
    description="Completed sessions become invoices, charges, receipts and open galleries; decisions are carried out.",
    tags=_tags(BILL_COMPLETED_SESSIONS, 15),
    executor_def=dg.in_process_executor,
)
apply_stripe_events = dg.define_asset_job(
    APPLY_STRIPE_EVENTS,
    dg.AssetSelection.assets("stripe_events", *_PAYMENT_ASSETS),
    description="What Stripe reports is booked; receipts, write-backs and galleries follow.",
    tags=_tags(APPLY_STRIPE_EVENTS, 10),
    executor_def=dg.in_process_executor,
)
follow_up_unpaid = dg.define_asset_job(
    FOLLOW_UP_UNPAID,
    dg.AssetSelection.assets("follow_ups"),
    description="Once a day: reminders to those who have not paid, by the studio's policy.",
    tags=_tags(FOLLOW_UP_UNPAID, 10),
    executor_def=dg.in_process_executor,
)
reconcile = dg.define_asset_job(
    RECONCILE,
    dg.AssetSelection.groups(RECONCILIATION),
    description="Once a day: the books are compared with Stripe, VSCO Workspace and the galleries, to the cent.",
    tags=_tags(RECONCILE, 60),
    executor_def=dg.in_process_executor,
)
refresh_warehouse = dg.define_asset_job(
    REFRESH_WAREHOUSE,
    dg.AssetSelection.groups(STAGING, MARTS, PUBLISHED),
    description="The ledger is copied into the warehouse, the figures are made, the dashboard's file is swapped in.",
    tags=_tags(REFRESH_WAREHOUSE, 20),
    executor_def=dg.in_process_executor,
)

JOBS = (bill_completed_sessions, apply_stripe_events, follow_up_unpaid, reconcile, refresh_warehouse)
