"""Which galleries are to be closed again: the money for them went back."""

from __future__ import annotations

from datetime import datetime

from billing.domain.effects import EffectKind, EffectState, Intent
from billing.domain.events import PIPELINE
from billing.domain.policy import GalleryPolicy
from billing.domain.settlements import NEVER_ARRIVED, DisputeStatus
from billing.ports.ledger import GrantRow, InvoiceRow, UnitOfWork
from billing.services.context import Context


def awaiting_grant(ctx: Context, uow: UnitOfWork) -> list[InvoiceRow]:
    """Invoices whose gallery may be opened, and for which nobody has committed to it."""
    policy = ctx.policy.gallery_policy
    if policy is GalleryPolicy.BY_HAND:
        return []
    rows = uow.invoices.awaiting_grant(policy is GalleryPolicy.PAID_IN_FULL)
    return [row for row in rows if not is_forfeited(ctx, uow, row)]


def why_not_open(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> str | None:
    """What the policy says against opening the invoice's gallery now."""
    if row.is_void:
        return "the invoice is void"
    if ctx.policy.gallery_policy is GalleryPolicy.PAID_IN_FULL and row.balance_minor > 0:
        return f"invoice {row.invoice.number} is not paid in full any more"
    if is_forfeited(ctx, uow, row):
        return f"the money of invoice {row.invoice.number} went back"
    return None


def ask_nobody_to_open(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> None:
    """One that waits for a person must not be opened once the money is gone; when it is back, they are asked anew."""
    if why_not_open(ctx, uow, row) is None:
        return
    for opening in uow.effects.of_subject(row.invoice.invoice_id, EffectKind.GRANT):
        if opening.state is EffectState.FAILED:
            uow.effects.reopen(opening.effect_id, EffectState.CANCELLED, ctx.now())
            uow.tasks.resolve(opening.key, None, PIPELINE, ctx.now())


def plan_revocations(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> int:
    """Commit to closing the session's open galleries, if this invoice's money went back; returns how many."""
    ask_nobody_to_open(ctx, uow, row)
    if not is_forfeited(ctx, uow, row) or (row.is_void and _has_live_invoice(uow, row)):
        return 0
    grants = uow.grants.open_of_session(row.invoice.session_id)
    return sum(take_up(uow, _revoke_intent(row, grant), ctx.now()) for grant in grants)


def take_up(uow: UnitOfWork, intent: Intent, now: datetime) -> bool:
    """Commit to an opening or a closing. One that was given up, as the money went the other way, is taken up again."""
    if uow.effects.intend(intent, now):
        return True
    known = uow.effects.get(intent.effect_id)
    if known is None or known.state is not EffectState.CANCELLED:
        return False
    uow.effects.reopen(known.effect_id, EffectState.READY, now)
    return True


def is_forfeited(ctx: Context, uow: UnitOfWork, row: InvoiceRow) -> bool:
    """All that was paid went back, or a bank took some of it and it was not paid anew."""
    if not ctx.policy.gallery_closes_on_refund:
        return False
    invoice_id = row.invoice.invoice_id
    captured = sum(payment.amount.minor for payment in uow.payments.of_invoice(invoice_id))
    refunds = uow.settlements.refunds_of(invoice_id)
    refunded = sum(refund.amount_minor for refund in refunds if refund.status not in NEVER_ARRIVED)
    disputes = uow.settlements.disputes_of(invoice_id)
    lost = sum(dispute.amount_minor for dispute in disputes if dispute.status is DisputeStatus.LOST)
    if lost and row.balance_minor > 0:
        return True
    return refunded + lost > 0 and captured <= refunded + lost


def is_being_closed(uow: UnitOfWork, grant: GrantRow) -> bool:
    closings = uow.effects.of_subject(grant.grant_id, EffectKind.REVOKE)
    return any(closing.state is not EffectState.CANCELLED for closing in closings)


def _has_live_invoice(uow: UnitOfWork, row: InvoiceRow) -> bool:
    return any(not other.is_void for other in uow.invoices.of_session(row.invoice.session_id))


def _revoke_intent(row: InvoiceRow, grant: GrantRow) -> Intent:
    parameters: dict[str, str | int | None] = {
        "invoice_id": row.invoice.invoice_id,
        "host": grant.host,
        "gallery_id": grant.gallery_id,
        "gallery_name": grant.gallery_name,
    }
    return Intent(EffectKind.REVOKE, f"{grant.host}:{grant.gallery_id}", grant.grant_id, parameters)
