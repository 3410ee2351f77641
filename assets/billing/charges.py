"""Cards on file, charged with their owners' consent."""

from __future__ import annotations

import dagster as dg

from assets.billing.invoices import invoices
from assets.chapters import BILLING, OWNERS
from assets.effects_done import Ended, do_effects
from assets.ledger_checks import ledger_checks
from assets.reports import Result, effects_told, mails_told, money, table, told
from billing.domain.effects import EffectKind
from billing.services.context import Context
from pipelines.resources import BillingResource


@dg.asset(group_name=BILLING, owners=OWNERS, kinds={"stripe"}, deps=[invoices])
def charges(billing: BillingResource) -> Result:
    """Clients who agreed to it are charged on the day that was announced, once for each invoice; it is booked at once.

    A declined card, or one whose bank wants to see its owner, is not tried again: the client gets a pay link by mail.
    """
    with billing.opened() as ctx:
        done = do_effects(billing, ctx, EffectKind.CHARGE)
        charged, declined = _split(done.ended)
        asked = do_effects(billing, ctx, EffectKind.PAY_LINK, EffectKind.MAIL) if declined else None
        return told(
            ctx,
            {
                **effects_told(done.ended, "Charges"),
                "Amount charged": money(effect.amount for effect in charged if effect.amount),
                **(mails_told(asked.of(EffectKind.MAIL)) if asked else {}),
                "Charges": table(("Invoice", "Amount", "Ended", "Why"), _rows(ctx, done.ended)),
                "Stripe": billing.stripe_trouble
                or (dg.MetadataValue.url(url) if (url := billing.stripe_dashboard()) else None),
            },
        )


def _split(ended: list[Ended]) -> tuple[list[Ended], list[Ended]]:
    return [effect for effect in ended if effect.is_done], [effect for effect in ended if not effect.is_done]


def _rows(ctx: Context, ended: list[Ended]) -> list[tuple[object, ...]]:
    with ctx.ledger.read() as uow:
        return [
            (uow.invoices.require(effect.subject_id).invoice.number, effect.amount, effect.state.value, effect.code)
            for effect in ended
        ]


charges_hold = ledger_checks(
    charges,
    blocking=("no_invoice_is_charged_twice", "autopay_payments_follow_a_charge"),
    advisory=("no_charge_without_announcement",),
)
