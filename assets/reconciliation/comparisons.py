"""Each outside against the books. Nothing is charged, mailed or opened here, so it may run at any time."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from assets.billing.deliveries import deliveries
from assets.billing.gallery_grants import gallery_grants
from assets.billing.payments import payments
from assets.billing.receipts import write_backs
from assets.chapters import OWNERS, RECONCILIATION
from assets.reports import Result, money, table, told
from billing.domain.errors import TemporaryError
from billing.domain.money import Money
from billing.ports.operations import Difference
from billing.services.reconcile import GALLERIES, STRIPE, VSCO, reconcile
from pipelines.resources import BillingResource


@dg.asset(group_name=RECONCILIATION, owners=OWNERS, kinds={"stripe", "ledger"}, deps=[payments])
def stripe_reconciliation(billing: BillingResource) -> Result:
    """Every movement of Stripe's balance is in the books, to the cent; what no event told of is booked now.

    Payments, refunds, disputes, fees, payouts, pay links that should be closed, charges without an answer, and the
    whole balance against the account stripe_clearing.
    """
    return _compared(billing, STRIPE)


@dg.asset(group_name=RECONCILIATION, owners=OWNERS, kinds={"vsco", "ledger"}, deps=[write_backs])
def vsco_reconciliation(billing: BillingResource) -> Result:
    """Every payment is written back and applied in VSCO Workspace, and every order is as it was billed.

    An order that changed comes with a proposed credit note or supplementary invoice; refunds with what to enter there.
    """
    return _compared(billing, VSCO)


@dg.asset(group_name=RECONCILIATION, owners=OWNERS, kinds={"vsco", "ledger"}, deps=[gallery_grants, deliveries])
def gallery_reconciliation(billing: BillingResource) -> Result:
    """Every gallery is open where the policy holds, and closed where it does not."""
    return _compared(billing, GALLERIES)


def _compared(billing: BillingResource, scope: str) -> Result:
    with billing.opened() as ctx:
        if billing.stripe_trouble and scope == STRIPE:  # nobody knows whose account the key opens
            raise TemporaryError("stripe_not_asked", f"Nothing was compared: {billing.stripe_trouble}")
        done = reconcile(ctx, scope)
        return told(
            ctx,
            {
                "Compared": done.reconciliation.compared,
                "Booked by comparing": done.mended,
                "Differences open": len(done.differences),
                "Differences new": done.opened,
                "Differences gone": done.closed,
                "Differs by": money(_off(one) for one in done.differences if one.currency),
                "Differences": _table(done.differences),
            },
        )


def _off(one: Difference) -> Money:
    return Money(abs((one.outside_minor or 0) - (one.ledger_minor or 0)), one.currency or "")


def _table(differences: Sequence[Difference]) -> dg.MarkdownMetadataValue | None:
    """Without their sentences, which may name a client: those are under needs-attention, by the same subject."""
    rows = [
        (one.cause.replace("_", " "), one.subject_id, _side(one, one.ledger_minor), _side(one, one.outside_minor))
        for one in differences
    ]
    return table(("What differs", "Of", "In the books", "Outside"), rows)


def _side(one: Difference, minor: int | None) -> Money | None:
    return None if minor is None or one.currency is None else Money(minor, one.currency)


def _open(billing: BillingResource, scope: str, severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    """Fails while a difference is open, and while the scope was never compared: not to know is not to agree."""
    with billing.opened() as ctx, ctx.ledger.read() as uow:
        found, last = uow.operations.open_differences(scope), uow.operations.last_reconciliation(scope)
    rows = _table(found)
    return dg.AssetCheckResult(
        passed=not found and last is not None,
        severity=severity,
        description=None if not found else "`billing needs-attention` says what to do about each.",
        metadata={"Differences open": len(found), **({"Differences": rows} if rows else {})},
    )


@dg.asset_check(asset=stripe_reconciliation, blocking=True)
def books_agree_with_stripe(billing: BillingResource) -> dg.AssetCheckResult:
    """No difference between the books and Stripe is open, and the two balances are one."""
    return _open(billing, STRIPE, dg.AssetCheckSeverity.ERROR)


@dg.asset_check(asset=vsco_reconciliation)
def books_agree_with_vsco(billing: BillingResource) -> dg.AssetCheckResult:
    """No difference between the books and VSCO Workspace is open."""
    return _open(billing, VSCO, dg.AssetCheckSeverity.WARN)


@dg.asset_check(asset=gallery_reconciliation)
def galleries_follow_the_policy(billing: BillingResource) -> dg.AssetCheckResult:
    """No gallery is open against the policy, or closed against it."""
    return _open(billing, GALLERIES, dg.AssetCheckSeverity.WARN)
