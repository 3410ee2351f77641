"""Galleries, opened for those who have paid."""

from __future__ import annotations

import dagster as dg

from assets.billing.payments import payments
from assets.chapters import BILLING, OWNERS
from assets.effects_done import do_effects
from assets.ledger_checks import ledger_checks
from assets.reports import Result, effects_told, mails_told, table, told
from billing.domain.effects import EffectKind
from billing.services.effects.grant import plan_grants
from pipelines.resources import BillingResource


@dg.asset(group_name=BILLING, owners=OWNERS, kinds={"gallery", "email"}, deps=[payments])
def gallery_grants(billing: BillingResource) -> Result:
    """The client's gallery is opened when the studio's policy holds (paid in full, unless set otherwise), and closed
    when the money goes back.

    The client is told by one mail how to see and download the photos, and until when. What only a person can open
    becomes a task.
    """
    with billing.opened() as ctx:
        planned = plan_grants(ctx)
        done = do_effects(billing, ctx, EffectKind.GRANT, EffectKind.REVOKE, EffectKind.MAIL)
        granted = done.of(EffectKind.GRANT)
        rows = [(effect.purpose.partition(":")[0], effect.state.value, effect.code) for effect in granted]
        return told(
            ctx,
            {
                "Grants decided": planned,
                **effects_told(granted, "Grants"),
                **effects_told(done.of(EffectKind.REVOKE), "Galleries closed:"),
                **mails_told(done.of(EffectKind.MAIL)),
                "Grants": table(("Host", "Ended", "How"), rows),
            },
        )


gallery_grants_hold = ledger_checks(
    gallery_grants,
    blocking=("grants_follow_payment",),
    advisory=("one_open_grant_per_gallery", "revocations_follow_an_effect"),
)
