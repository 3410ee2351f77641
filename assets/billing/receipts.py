"""What follows from a payment: a receipt for the client, and the same payment in VSCO Workspace."""

from __future__ import annotations

import dagster as dg

from assets.billing.payments import payments
from assets.chapters import BILLING, OWNERS
from assets.effects_done import do_effects
from assets.ledger_checks import ledger_checks
from assets.reports import Result, effects_told, mails_told, money, told
from billing.domain.effects import EffectKind
from pipelines.resources import BillingResource


@dg.asset(group_name=BILLING, owners=OWNERS, kinds={"email"}, deps=[payments])
def receipts(billing: BillingResource) -> Result:
    """Every payment is thanked for by one receipt, to all of the client's addresses."""
    with billing.opened() as ctx:
        done = do_effects(billing, ctx, EffectKind.MAIL)
        return told(ctx, mails_told(done.ended))


@dg.asset(group_name=BILLING, owners=OWNERS, kinds={"vsco"}, deps=[payments])
def write_backs(billing: BillingResource) -> Result:
    """Every payment is written into VSCO Workspace once, and set against its order, so that the studio sees it there.

    It is looked up first; what is there already is not written again.
    """
    with billing.opened() as ctx:
        written = do_effects(billing, ctx, EffectKind.WRITE_BACK).of(EffectKind.WRITE_BACK)
        amount = money(effect.amount for effect in written if effect.is_done and effect.amount)
        return told(ctx, effects_told(written, "Write-backs") | {"Amount written back": amount})


write_backs_hold = ledger_checks(
    write_backs, advisory=("every_effect_open_for_a_day_needs_attention", "domain_events_are_chained")
)
