"""What became of a payment: its story is read whole and told whole, so that no order of events makes a difference.

Each movement of the provider's balance posts once. Whatever is told again changes nothing, and what was read before
that which is known already does not take it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from billing.domain import settlement_books as postings
from billing.domain.books import Posting, added_up
from billing.domain.mail import MailKind
from billing.domain.money import Money
from billing.domain.payments import OFFICE, PaymentFact, PaymentStatus
from billing.domain.settlements import (
    NEVER_ARRIVED,
    DisputeFact,
    DisputeStatus,
    Movement,
    PaymentStory,
    RefundFact,
    RefundStatus,
    goes_back,
)
from billing.ports.ledger import PaymentRow, UnitOfWork
from billing.services.collections.asking_again import close_links, ensure_pay_link, note_processing
from billing.services.collections.record_payments import record_captured, recorded
from billing.services.context import Context
from billing.services.invoicing.deliver_invoices import mail_intent
from billing.services.settlements.money_back_follows import (
    Case,
    Told,
    close_returned,
    follow,
    show_dispute,
    show_returned,
    write_of_refund,
)


def record_story(ctx: Context, uow: UnitOfWork, story: PaymentStory) -> tuple[str, str | None]:
    """Bring the ledger to what the story tells, in one transaction; returns how its event ends, and why.

    applied | ignored | review | waiting (the provider has not told all of it yet).
    """
    fact = story.payment
    known = recorded(uow, fact)
    invoice_id = known.invoice_id if known else fact.invoice_id
    if invoice_id is None:
        return "ignored", "of a payment that is not of our asking"
    payment = known or _record(ctx, uow, fact)
    if payment is None:
        return _not_recorded(uow, fact, invoice_id)
    case = Case(ctx, uow, payment, invoice_id)
    before = case.row()
    told = [_tell_payment(case, story.movement), Told(has_letter=known is None)]  # the receipt
    told += [_tell_refund(case, refund) for refund in story.refunds]
    told += [_tell_dispute(case, dispute) for dispute in story.disputes]
    follow(case, before, told)
    untold = [one.dispute_id for one in story.disputes if one.status is DisputeStatus.LOST and not one.movements]
    if untold:  # nothing is posted by a status: what the bank took is told soon
        return "waiting", f"the dispute {untold[0]} is lost, and Stripe has not told yet what the bank took."
    is_news = known is None or any(one.is_news for one in told)
    return "applied", None if is_news else "recorded before"


def record_refund(ctx: Context, uow: UnitOfWork, payment: PaymentRow, refund: RefundFact) -> None:
    """One refund of a payment that is in the ledger, and what it leads to."""
    case = Case(ctx, uow, payment, str(payment.invoice_id))
    before = case.row()
    follow(case, before, [_tell_refund(case, refund)])


def _record(ctx: Context, uow: UnitOfWork, fact: PaymentFact) -> PaymentRow | None:
    """The payment, if it is money for one of our invoices; else what is known of it on its way is kept."""
    row = uow.invoices.get(str(fact.invoice_id))
    charges = uow.effects.of_subject(str(fact.invoice_id))
    by_autopay = any(effect.provider_reference == fact.payment_id for effect in charges)
    if row and note_processing(uow, fact, ctx.now()):
        close_links(uow, row, ctx.now())  # the page that the debit was given on takes no second one
        if ensure_pay_link(uow, row, fact.payment_id, ctx.now()) and not by_autopay:  # a charge tells of itself
            letter = mail_intent(row, MailKind.PAYMENT_FAILED, fact.payment_id, must_authenticate=0)
            uow.effects.intend(letter, ctx.now())
    record_captured(uow, fact, "autopay" if by_autopay else "link", ctx.policy, ctx.now())
    return recorded(uow, fact)


def _not_recorded(uow: UnitOfWork, fact: PaymentFact, invoice_id: str) -> tuple[str, str]:
    if fact.status is not PaymentStatus.SUCCEEDED:
        return "ignored", f"no money yet: {fact.status.value}"
    if uow.invoices.get(invoice_id) is None:
        return "review", f"{fact.payment_id} is for an invoice that is not in the ledger."
    return "ignored", "of no amount"


def _tell_payment(case: Case, movement: Movement | None) -> Told:
    """The payment's own movement was posted as it was recorded; a fee that was told later is posted now."""
    if movement is None or _is_kept(case, movement):
        return Told()
    payment = case.payment
    if movement.amount.currency != payment.amount.currency:
        return _keep(case, movement, None)
    late = movement.fee - payment.fee
    if late:
        posting = postings.post_late_fee(payment.payment_id, case.invoice_id, late, case.day_of(movement))
        case.uow.journal.post(posting, case.now)
    return _keep(case, movement, f"paid:{payment.payment_id}")


def _tell_refund(case: Case, refund: RefundFact) -> Told:
    rows = case.uow.settlements.refunds_of(case.invoice_id)
    known = next((row.status for row in rows if row.refund_id == refund.refund_id), None)
    if goes_back(known, refund.status):
        return Told()
    case.uow.settlements.keep_refund(refund, case.invoice_id, case.now)
    moved = [_post_refund(case, refund, movement) for movement in refund.movements]
    is_news = any(moved) or known is not refund.status
    has_letter = False
    if refund.status is RefundStatus.SUCCEEDED and known is not refund.status:
        has_letter = write_of_refund(case, refund)
        close_returned(case, refund)
    if refund.status in NEVER_ARRIVED and known is not refund.status:
        show_returned(case, refund)
    at = _last_moved(refund.movements, refund.created_at)
    if case.asked_for(refund.effect_key):
        return Told(is_news, refund.refund_id, has_letter=has_letter, happened_at=at)
    what = f"{refund.amount} of payment {refund.payment_id} were refunded at Stripe, and not from here"
    return Told(is_news, refund.refund_id, "refunded_elsewhere", what, has_letter, at)


def _post_refund(case: Case, refund: RefundFact, movement: Movement) -> bool:
    if _is_kept(case, movement):
        return False
    if movement.amount.currency != case.payment.amount.currency:
        return _keep(case, movement, None).is_news
    is_returned = movement.amount.minor > 0
    if is_returned:
        _ask_for_it_again(case, refund.refund_id, movement)
    day = case.day_of(movement)
    credit = case.part_of_credit(-movement.amount)
    account = postings.BANK if refund.provider == OFFICE else postings.CLEARING
    posting = postings.post_refund(movement, case.invoice_id, case.client_id, credit, day, account)
    _post(case, movement, posting, refund.provider)
    effect = case.asked_for(refund.effect_key)
    if effect and not effect.parameters.get("still_owed") and not is_returned:
        _ask_for_less(case, refund, -movement.amount - credit, movement)
    case.tell_moved(movement, "refund_returned" if is_returned else "payment_refunded", refund.reason)
    return True


def _ask_for_less(case: Case, refund: RefundFact, opened: Money, movement: Movement) -> None:
    """We gave it back: so much less is asked for, that nobody reminds the client of it."""
    issued = added_up(case.uow.journal.entries_about(case.invoice_id, postings.ISSUED))
    amount = Money(min(opened.minor, postings.creditable(issued)), opened.currency)
    if amount.minor <= 0 or case.row().is_void:
        return
    posting = postings.post_credit(issued, case.invoice_id, amount, refund.refund_id, case.day_of(movement))
    case.uow.journal.post(posting, case.now)
    case.tell(posting.transaction_id, "invoice_credited", {"amount_minor": amount.minor})


def _ask_for_it_again(case: Case, refund_id: str, movement: Movement) -> None:
    credited = case.uow.journal.entries(f"credited:{refund_id}")
    if credited and not case.row().is_void:
        posting = postings.post_credit_undone(credited, case.invoice_id, refund_id, case.day_of(movement))
        case.uow.journal.post(posting, case.now)


def _tell_dispute(case: Case, dispute: DisputeFact) -> Told:
    rows = case.uow.settlements.disputes_of(case.invoice_id)
    known = next((row.status for row in rows if row.dispute_id == dispute.dispute_id), None)
    if goes_back(known, dispute.status):
        return Told()
    case.uow.settlements.keep_dispute(dispute, case.invoice_id, case.now)
    moved = [_post_dispute(case, dispute, movement) for movement in dispute.movements]
    is_settled = _settle_dispute(case, dispute)
    if known is not dispute.status:
        show_dispute(case, dispute)
    is_news = any(moved) or is_settled or known is not dispute.status
    at = _last_moved(dispute.movements, dispute.opened_at)
    if not is_settled or dispute.status is not DisputeStatus.LOST:
        return Told(is_news, dispute.dispute_id, happened_at=at)
    what = f"The dispute {dispute.dispute_id} of {dispute.amount} ({dispute.reason}) was lost"
    return Told(is_news, dispute.dispute_id, "dispute_lost", what, happened_at=at)


def _post_dispute(case: Case, dispute: DisputeFact, movement: Movement) -> bool:
    if _is_kept(case, movement):
        return False
    if movement.amount.currency != case.payment.amount.currency:
        return _keep(case, movement, None).is_news
    posting = postings.post_dispute(movement, case.invoice_id, dispute.dispute_id, case.day_of(movement))
    _post(case, movement, posting)
    case.tell_moved(movement, f"{movement.kind.value}_moved", dispute.reason)
    return True


def _settle_dispute(case: Case, dispute: DisputeFact) -> bool:
    """What is still held when it is lost is gone; what comes back after that pays what is owed."""
    held = Money(case.uow.journal.balance("disputed", dispute.dispute_id), case.payment.amount.currency)
    if not held or (held.minor > 0 and dispute.status is not DisputeStatus.LOST):
        return False
    credit = case.part_of_credit(held)
    posting = postings.post_dispute_lost(
        dispute.dispute_id,
        case.invoice_id,
        case.client_id,
        held,
        credit if held.minor > 0 else -credit,
        case.ctx.today(),
    )
    return case.uow.journal.post(posting, case.now)


def _last_moved(movements: Sequence[Movement], begun_at: datetime) -> datetime:
    return max((movement.occurred_at for movement in movements), default=begun_at)


def _is_kept(case: Case, movement: Movement) -> bool:
    return case.uow.settlements.movement(movement.movement_id) is not None


def _post(case: Case, movement: Movement, posting: Posting, provider: str | None = None) -> None:
    case.uow.journal.post(posting, case.now)
    _keep(case, movement, posting.transaction_id, provider)


def _keep(case: Case, movement: Movement, transaction_id: str | None, provider: str | None = None) -> Told:
    """One that is in another currency than the payment posts nothing here: a person books it."""
    uow, payment = case.uow, case.payment
    uow.settlements.add_movement(provider or payment.provider, movement, case.invoice_id, transaction_id, case.now)
    if transaction_id is None:
        sentence = (
            f"{movement.movement_id} ({movement.kind.value} of {movement.source_id}) moved {movement.amount}, but"
            f" payment {payment.provider_object_id} is in {payment.amount.currency}; book it by hand."
        )
        uow.tasks.raise_task(movement.movement_id, "movement_currency", sentence, case.now)
    return Told(True)
