"""Money that arrived, in the books."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import dagster as dg

from assets.billing.charges import charges
from assets.chapters import BILLING, OWNERS
from assets.effects_done import do_effects
from assets.intake.stripe_events import stripe_events
from assets.ledger_checks import ledger_checks
from assets.reports import Result, effects_told, table, told
from billing.domain.effects import EffectKind
from billing.domain.errors import TemporaryError, UnreadableError
from billing.domain.money import Money
from billing.ports.ledger import PaymentRow
from billing.services.context import Context
from billing.services.intake.apply_events import apply_events
from pipelines.resources import BillingResource

_NEW = timedelta(hours=1)  # long enough for a run that failed and was started again; older ones were compared then


@dg.asset(group_name=BILLING, owners=OWNERS, kinds={"stripe", "ledger"}, deps=[charges, stripe_events])
def payments(billing: BillingResource) -> Result:
    """What Stripe hinted at is read again at Stripe, booked once, and set against its invoice.

    Refunds and disputes are read and booked with the payment that they are of, whoever made them, and refunds that a
    person asked for are made. A pay link whose invoice is paid is closed, so that nobody pays twice; a part that is
    left gets a new link.
    """
    with billing.opened() as ctx:
        if billing.stripe_trouble:
            return told(ctx, {"Stripe": billing.stripe_trouble})
        ended = apply_events(ctx)
        done = do_effects(billing, ctx, EffectKind.CLOSE_PAY_LINK, EffectKind.PAY_LINK, EffectKind.REFUND)
        return told(
            ctx,
            {
                **{f"Events {state}": count for state, count in sorted(ended.items())},
                **effects_told(done.of(EffectKind.CLOSE_PAY_LINK), "Pay links closed:"),
                **effects_told(done.of(EffectKind.REFUND), "Refunds"),
                "Payments of the last hour": _told(ctx),
            },
        )


def _recorded_lately(ctx: Context) -> list[PaymentRow]:
    with ctx.ledger.read() as uow:
        return uow.payments.recorded_since(ctx.gateway.name, ctx.now() - _NEW)


def _told(ctx: Context) -> dg.MarkdownMetadataValue | None:
    recorded = _recorded_lately(ctx)
    with ctx.ledger.read() as uow:
        rows = [
            (row.invoice.number, payment.amount, payment.fee, payment.method_kind, payment.received_on)
            for payment in recorded
            if (row := uow.invoices.get(payment.invoice_id or ""))
        ]
    return table(("Invoice", "Amount", "Fee", "By", "Received on"), rows)


payments_hold = ledger_checks(
    payments,
    blocking=(
        "allocations_never_exceed_payments",
        "payments_are_posted_in_full",
        "receivable_is_never_negative",
        "invoices_owe_what_was_not_paid",
        "refunds_never_exceed_payments",
        "every_lost_dispute_is_posted",
        "movements_are_posted_in_full",
    ),
)


@dg.asset_check(asset=payments, blocking=True)
def payments_never_exceed_captures(billing: BillingResource) -> dg.AssetCheckResult:
    """Every payment recorded in the last hour is no more than what Stripe, read again, says that it captured."""
    with billing.opened() as ctx:
        recorded = _recorded_lately(ctx)
        try:
            captured = _captured(ctx, recorded)
        except (TemporaryError, UnreadableError) as error:
            return dg.AssetCheckResult(
                passed=False, severity=dg.AssetCheckSeverity.WARN, description=f"Not compared: {error.sentence}"
            )
    wrong = [
        (payment.provider_object_id, payment.amount, amount)
        for payment, amount in zip(recorded, captured, strict=True)
        if payment.amount.minor > amount.minor
    ]
    found = table(("Payment", "In the books", "Captured"), wrong)
    return dg.AssetCheckResult(
        passed=not wrong, metadata={"Payments compared": len(recorded), **({"Too much": found} if found else {})}
    )


def _captured(ctx: Context, recorded: list[PaymentRow]) -> list[Money]:
    with ThreadPoolExecutor(ctx.concurrency) as pool:
        facts = pool.map(lambda payment: ctx.gateway.read_payment(payment.provider_object_id), recorded)
        return [fact.amount for fact in facts]
