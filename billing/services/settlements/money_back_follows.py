"""What follows from money that went back: who is told, what rests, and which pages and galleries close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.domain import canonical
from billing.domain.effects import Effect
from billing.domain.events import PIPELINE, DomainEvent
from billing.domain.mail import MailKind
from billing.domain.money import Money
from billing.domain.settlements import (
    NEVER_ARRIVED,
    OPEN_DISPUTES,
    DisputeFact,
    DisputeStatus,
    Movement,
    RefundFact,
    RefundStatus,
)
from billing.ports.ledger import InvoiceRow, PaymentRow, UnitOfWork
from billing.ports.settlements import RefundRow
from billing.services.access.galleries import plan_revocations
from billing.services.collections.asking_again import ask_for_it_no_more, close_links, ensure_pay_link
from billing.services.collections.foreign_money import CLIENT_CREDIT, end_once_gone, show_credit
from billing.services.collections.owed import UNDECIDED, left_of, left_over
from billing.services.collections.tell_balance import tell_balance
from billing.services.context import Context
from billing.services.invoicing.deliver_invoices import mail_intent

RETURNED = "refund_returned"


@dataclass(frozen=True, slots=True)
class Told:
    """What telling one part of the story did. `code`: nobody here asked for it, `what` says what happened.

    `has_letter`: a mail of its own tells the client, and what is owed after it.
    """

    is_news: bool = False
    cause: str = ""  # the refund or dispute
    code: str | None = None
    what: str = ""
    has_letter: bool = False
    happened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One payment that is in the ledger, while its story is told."""

    ctx: Context
    uow: UnitOfWork
    payment: PaymentRow
    invoice_id: str

    @property
    def now(self) -> datetime:
        return self.ctx.now()

    @property
    def client_id(self) -> str:
        return self.row().invoice.client.client_id

    def row(self) -> InvoiceRow:
        """The invoice as it is at this point of the story."""
        return self.uow.invoices.require(self.invoice_id)

    def day_of(self, movement: Movement) -> date:
        return self.ctx.policy.day_of(movement.occurred_at)

    def asked_for(self, effect_key: str | None) -> Effect | None:
        """The effect by which we asked for it. Without it, it is like one made elsewhere, whatever its key says."""
        return self.uow.effects.get(canonical.derived_id("eff", effect_key)) if effect_key else None

    def part_of_credit(self, back: Money) -> Money:
        """How much of what goes back (negative: comes back) is the client's credit rather than paid on the invoice.

        What left the invoice over goes first, from whichever payment it came: so the order of payments and refunds
        makes no difference. Of a void invoice, and in another currency than the invoice's, nothing is paid on it.
        """
        row, size = self.row(), abs(back.minor)
        if row.is_void or back.currency != row.invoice.currency:
            return Money(size, back.currency)
        if back.minor < 0:
            return Money(size - min(size, max(0, row.balance_minor)), back.currency)
        return Money(min(size, max(0, self.credit(back.currency))), back.currency)

    def credit(self, currency: str) -> int:
        """What the invoice has left the client, in minor units."""
        return left_over(self.uow, self.invoice_id, currency)

    def tell_moved(self, movement: Movement, kind: str, reason: str) -> None:
        """`amount_minor` is what went back to the client; negative: what came back to us."""
        amount = -movement.amount
        what: dict[str, str | int | None] = {"amount_minor": amount.minor, "currency": amount.currency}
        self.tell(f"moved:{movement.movement_id}", kind, what | {"source_id": movement.source_id, "reason": reason})

    def tell(self, event_id: str, kind: str, body: dict[str, str | int | None]) -> None:
        self.uow.journal.record_event(DomainEvent(event_id, kind, self.invoice_id, self.now, body=body))


def follow(case: Case, before: InvoiceRow, told: Sequence[Told]) -> None:
    """What the whole story leads to; nothing, if none of it is news."""
    news = [one for one in told if one.is_news]
    if not news:
        return
    uow, row = case.uow, case.row()
    if row.balance_minor != before.balance_minor:
        ask_for_it_no_more(uow, row, case.now)
    unasked = [one for one in news if one.code]
    if row.balance_minor <= 0:
        rest_no_more(uow, case.invoice_id, PIPELINE, case.now)
        _show_debt(case, row, unasked)
    elif unasked and row.balance_minor > before.balance_minor:
        _let_a_person_decide(case, row, unasked)
    elif any(one.cause for one in news) and not uow.pauses.is_paused(case.invoice_id):
        ensure_pay_link(uow, row, news[-1].cause, case.now)
    end_once_gone(uow, row, news[-1].cause, case.now)
    if not any(one.has_letter for one in told):
        _tell_client(case, news)
    _close_what_is_over(case)
    plan_revocations(case.ctx, uow, row)


def _tell_client(case: Case, news: Sequence[Told]) -> None:
    """What is owed may have changed without a letter: a refund came back, or a bank gave back what it had taken."""
    causes = [one for one in news if one.cause]
    if causes:
        last = causes[-1]
        tell_balance(case.uow, case.row(), last.cause, case.now, happened_at=last.happened_at)


def write_of_refund(case: Case, refund: RefundFact) -> bool:
    """The client is told once of each refund, whoever made it; what is open is looked up as it is sent."""
    same_currency = refund.amount.currency == case.row().invoice.currency
    if not same_currency:
        return False  # no letter could say what it means for the invoice
    effect = case.asked_for(refund.effect_key)
    by_hand = effect.parameters.get("by_hand") if effect else None
    said: dict[str, str | int] = {
        "amount_minor": refund.amount.minor,
        "refunded_on": case.ctx.policy.day_of(refund.created_at).isoformat(),
        "method_label": by_hand or case.payment.method_label,
    }
    if by_hand:
        said["by_hand"] = 1
    letter = mail_intent(case.row(), MailKind.REFUND, refund.refund_id, "", **said)
    case.uow.effects.intend(letter, case.now)
    return True


def show_returned(case: Case, refund: RefundFact) -> None:
    """Somebody meant the client to have this money, and told them so: nobody else notices that it came back."""
    effect, row = case.asked_for(refund.effect_key), case.row()
    if refund.status is RefundStatus.CANCELED and effect is None:
        return  # taken back by hand, where it was made
    case.uow.tasks.raise_task(_of(refund), RETURNED, of_returned(row, refund.amount, effect), case.now)


def of_returned(row: InvoiceRow, amount: Money, effect: Effect | None) -> str:
    """What to do with a refund that came back. `effect`: by which we asked for it."""
    number = row.invoice.number
    still_owed = " --still-owed" if effect and effect.parameters.get("still_owed") else ""
    return (
        f"{amount} of invoice {number} that were refunded did not reach {row.invoice.client.name}, and are back at"
        f" Stripe. Either try where they came from once more, with `billing refund {number} --amount"
        f" {amount.decimal}{still_owed}`; or ask where to send them, send them by hand, and book it with the same and"
        ' `--by-hand "bank transfer"`.'
    )


def close_returned(case: Case, refund: RefundFact) -> None:
    """As much has gone out once more, and arrived: one of those that came back before is over."""
    for earlier in case.uow.settlements.refunds_of(case.invoice_id):
        came_back = earlier.status in NEVER_ARRIVED and earlier.created_at < refund.created_at
        is_as_much = earlier.amount_minor == refund.amount.minor
        if came_back and is_as_much and case.uow.tasks.resolve(_of(earlier), RETURNED, PIPELINE, case.now):
            return


def _of(refund: RefundFact | RefundRow) -> str:
    """Under what the item of a returned refund is kept."""
    return refund.effect_key or refund.refund_id


def show_dispute(case: Case, dispute: DisputeFact) -> None:
    """An open one is a person's to answer, in time; and nobody asks for money, or takes it, until it has ended."""
    uow, row = case.uow, case.row()
    case.tell(f"dispute:{dispute.dispute_id}:{dispute.status.value}", f"dispute_{dispute.status.value}", {})
    code = "inquiry_open" if dispute.status is DisputeStatus.INQUIRY else "dispute_open"
    is_open = dispute.status in OPEN_DISPUTES
    uow.tasks.resolve(dispute.dispute_id, None, PIPELINE, case.now, but=[code] if is_open else [])
    if not is_open:
        return
    close_links(uow, row, case.now)
    asks = "asks about" if dispute.status is DisputeStatus.INQUIRY else "disputes"
    due = dispute.evidence_due_at
    until = f" by {case.ctx.policy.day_of(due)}" if due else ""
    sentence = (
        f"The bank of {row.invoice.client.name} {asks} {dispute.amount} of invoice {row.invoice.number}"
        f" ({dispute.reason}): answer {dispute.dispute_id} in Stripe's dashboard{until}, or accept it there. Until it"
        " has ended nothing is asked for."
    )
    uow.tasks.raise_task(dispute.dispute_id, code, sentence, case.now)


def _let_a_person_decide(case: Case, row: InvoiceRow, unasked: Sequence[Told]) -> None:
    """Owed again without our asking: nobody reminds a client who was promised otherwise, until a person says so."""
    uow = case.uow
    for one in unasked:
        uow.tasks.resolve(case.invoice_id, one.code, PIPELINE, case.now)  # it says what is owed now
        uow.tasks.raise_task(case.invoice_id, str(one.code), of_owed_again(row, one.what), case.now)
    if not uow.pauses.is_paused(case.invoice_id):
        uow.pauses.pause(case.invoice_id, PIPELINE, f"{unasked[-1].what}.", case.now)


def of_owed_again(row: InvoiceRow, what: str) -> str:
    """What a person may decide."""
    number = row.invoice.number
    return (
        f"{what}: {row.balance} of invoice {number} to {row.invoice.client.name} is owed again, and reminders"
        f" rest. Ask for less with `billing credit {number} --amount …`, give it up with `billing write-off"
        f" {number}`, or ask the client again with `billing reminders resume {number}`."
    )


def rest_no_more(uow: UnitOfWork, invoice_id: str, by: str, now: datetime) -> None:
    """Nothing is owed any more: neither is it asked about, nor does our own pause outlive it."""
    for code in UNDECIDED:
        uow.tasks.resolve(invoice_id, code, by, now)
    uow.pauses.resume(invoice_id, now, placed_by=PIPELINE)
    show_credit(uow, uow.invoices.require(invoice_id), now)


def _show_debt(case: Case, row: InvoiceRow, unasked: Sequence[Told]) -> None:
    """More went back than the client's credit of a void invoice: they owe it, and no invoice asks for it."""
    missing = -case.credit(case.payment.amount.currency)
    for one in unasked if missing > 0 else ():
        sentence = (
            f"{one.what}: {row.invoice.client.name} has {Money(missing, case.payment.amount.currency)} too much, and"
            f" invoice {row.invoice.number} does not ask for it; ask for it by hand, or leave it."
        )
        uow, code = case.uow, "client_owes"
        uow.tasks.raise_task(case.payment.payment_id, code, sentence, case.now)


def _close_what_is_over(case: Case) -> None:
    """The client's credit was shown so that somebody refunds it; once it is gone there is nothing left to do."""
    for payment in case.uow.payments.of_invoice(case.invoice_id):
        is_foreign = payment.amount.currency != case.row().invoice.currency  # it may go back in the balance's currency
        if case.credit(payment.amount.currency) <= 0 or (is_foreign and not left_of(case.uow, payment)):
            case.uow.tasks.resolve(payment.payment_id, CLIENT_CREDIT, PIPELINE, case.now)
