"""Invoices on their way to the client."""

from __future__ import annotations

import dagster as dg

from assets.billing.invoices import invoices
from assets.chapters import BILLING, OWNERS
from assets.effects_done import do_effects
from assets.ledger_checks import ledger_checks
from assets.reports import Result, mails_told, told
from billing.domain.effects import EffectKind
from pipelines.resources import BillingResource


@dg.asset(
    group_name=BILLING,
    owners=OWNERS,
    kinds={"email"},
    deps=[invoices],
    op_tags={"dagster/priority": "1"},  # the client's invoice before the card: it is what somebody waits for
)
def deliveries(billing: BillingResource) -> Result:
    """Every invoice is mailed once, with its PDF and its pay link, and counts as sent when the mail server took it.

    Other mails that are due go out with them; the report tells them apart.
    """
    with billing.opened() as ctx:
        done = do_effects(billing, ctx, EffectKind.MAIL)
        return told(ctx, mails_told(done.ended))


deliveries_hold = ledger_checks(
    deliveries, advisory=("every_invoice_mailed_has_its_document", "one_mail_per_subject_kind_and_stage")
)
