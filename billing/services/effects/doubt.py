"""What was perhaps done between a backup and its restore: the ledger does not know of it, so nothing is done again."""

from __future__ import annotations

from datetime import datetime

from billing.domain.effect_specs import EFFECT_SPECS
from billing.domain.effects import Effect, EffectKind
from billing.domain.mail import TO_THE_OWNER, MailKind, kind_of_mail
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import CAUSE_RESTORED

# The day of the restore counts as told of for every unpaid invoice (collections.follow_up); the owner is told anew.
_SAFE_MAILS = (MailKind.REMINDER, *TO_THE_OWNER)  # no reminder and no digest goes out on the day of a restore


def perhaps_done_before_restore(uow: UnitOfWork, effect: Effect) -> bool:
    """Whether it was never tried since the newest restore, and is about something that happened before it."""
    if effect.outcome_code is not None or EFFECT_SPECS[effect.kind].is_safe_again:
        return False
    restored_at = uow.operations.last_hold(CAUSE_RESTORED)
    if restored_at is None:
        return False
    happened_at = _happened_at(uow, effect)
    return happened_at is not None and happened_at <= restored_at


def _happened_at(uow: UnitOfWork, effect: Effect) -> datetime | None:
    """When that was which it follows from; None where doing it again cannot be wrong."""
    if effect.kind is EffectKind.MAIL:
        kind = kind_of_mail(effect.purpose)
        if kind in _SAFE_MAILS:
            return None
        if kind is MailKind.RECEIPT:
            payment = uow.payments.get(effect.subject_id)
            return payment.captured_at if payment else None
        if kind is MailKind.REFUND:
            return _refunded_at(uow, effect)
        if kind is MailKind.BALANCE:
            return datetime.fromisoformat(effect.text("happened_at"))
        return _invoice_at(uow, effect, with_payments=kind is MailKind.GALLERY)
    return _invoice_at(uow, effect, with_payments=effect.kind in (EffectKind.GRANT, EffectKind.PAY_LINK))


def _refunded_at(uow: UnitOfWork, effect: Effect) -> datetime | None:
    refunds = uow.settlements.refunds_of(effect.text("invoice_id"))
    return next((refund.created_at for refund in refunds if refund.refund_id == effect.subject_id), None)


def _invoice_at(uow: UnitOfWork, effect: Effect, with_payments: bool) -> datetime | None:
    """When the invoice was finalized; where its payment is the occasion, when the newest one was captured."""
    row = uow.invoices.get(str(effect.parameters.get("invoice_id") or effect.subject_id))
    if row is None:
        return None
    payments = uow.payments.of_invoice(row.invoice.invoice_id) if with_payments else []
    return max([row.finalized_at, *(payment.captured_at for payment in payments)])
