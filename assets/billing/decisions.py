"""What people decided."""

from __future__ import annotations

import dagster as dg

from assets.chapters import BILLING, OWNERS
from assets.intake.sessions import session_records
from assets.ledger_checks import ledger_checks
from assets.reports import Result, table, told
from billing.services.commands.carry_out import carry_out_commands
from pipelines.resources import BillingResource


@dg.asset(group_name=BILLING, owners=OWNERS, kinds={"ledger"}, deps=[session_records])
def decisions(billing: BillingResource) -> Result:
    """What people asked for is carried out: approvals, payments by cheque, voids, pauses, retries.

    Each has an actor, a reason and an outcome; a refused one says why.
    """
    with billing.opened() as ctx:
        carried_out = carry_out_commands(ctx)
        rows = [(command.name.replace("_", " "), command.actor, outcome) for command, outcome in carried_out]
        return told(ctx, {"Carried out": len(carried_out), "Decisions": table(("What", "By", "Outcome"), rows)})


decisions_hold = ledger_checks(decisions, blocking=("void_invoices_owe_nothing",))
