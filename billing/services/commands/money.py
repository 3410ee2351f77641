"""What a person decides about money: give it back, ask for less, give it up. All through the command queue."""

from __future__ import annotations

from billing.domain import settlement_books as postings
from billing.domain.books import Posting, added_up
from billing.domain.effects import EffectKind, Intent
from billing.domain.errors import PermanentError
from billing.domain.events import Command, DomainEvent
from billing.domain.money import Money
from billing.domain.payments import OFFICE
from billing.ports.ledger import InvoiceRow, PaymentRow, UnitOfWork
from billing.services.collections.asking_again import ask_for_it_no_more, ensure_pay_link, is_disputed
from billing.services.collections.autopay import refuse_while_charged
from billing.services.collections.foreign_money import foreign_money, say_what_is_owed_now
from billing.services.collections.owed import OWED_AGAIN, left_of
from billing.services.collections.tell_balance import tell_balance
from billing.services.commands.arguments import amount_of, invoice_of, optional
from billing.services.context import Context
from billing.services.settlements.money_back_follows import of_owed_again, rest_no_more
from billing.services.settlements.refunds_by_hand import book_by_hand


def refund(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """Commit to giving money back, of the newest payments first; one effect for each payment.

    What was given back by hand is booked, first of what came to the office: the rest may go back where it was from.
    """
    row, by_hand = invoice_of(uow, command), optional(command, "by_hand")
    invoice, number = row.invoice, row.invoice.number
    if is_disputed(uow, invoice.invoice_id) and not optional(command, "force"):
        raise PermanentError(
            "dispute_open",
            f"A dispute of {number} is open: the bank may give the money back, and it would go twice. Answer it in"
            " Stripe's dashboard, or refund with --force.",
        )
    newest_first = reversed(uow.payments.of_invoice(invoice.invoice_id))
    all_left = [(one, left_of(uow, one)) for one in newest_first if one.amount.currency == invoice.currency]
    office = [(payment, minor) for payment, minor in all_left if payment.provider == OFFICE]
    other = [(payment, minor) for payment, minor in all_left if payment.provider != OFFICE]
    left = [*office, *other] if by_hand else other
    amount = _amount(command, row, _sum(left))
    if not 0 < amount.minor <= _sum(left):
        way, kept = (" through Stripe", _sum(office)) if not by_hand else ("", 0)
        why = _why_not_so_much(row, amount, _sum(left), way, kept) + _of_foreign(uow, row)
        raise PermanentError("more_than_is_left", why)
    rest = amount.minor
    for payment, minor in left:
        if part := min(rest, minor):
            intent = _refund_intent(command, row, payment, Money(part, payment.amount.currency))
            if by_hand:
                book_by_hand(ctx, uow, command, intent, payment)
            else:
                uow.effects.intend(intent, ctx.now())
            rest -= part
    if by_hand:
        return f"{amount} of {number} that were given back to {invoice.client.name} ({by_hand}) are booked."
    return f"{amount} of {number} go back to {invoice.client.name}."


def _sum(left: list[tuple[PaymentRow, int]]) -> int:
    return sum(minor for _, minor in left)


def credit(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """Ask for less than the invoice does: no money moves."""
    row = invoice_of(uow, command)
    amount = _of_what_is_owed(command, row)
    issued = added_up(uow.journal.entries_about(row.invoice.invoice_id, postings.ISSUED))
    if amount.minor > postings.creditable(issued):
        left = Money(max(0, postings.creditable(issued)), row.invoice.currency)
        sentence = f"Of {row.invoice.number} no more than {left} is left to credit; write the rest off instead."
        raise PermanentError("more_than_was_sold", sentence)
    posting = postings.post_credit(issued, row.invoice.invoice_id, amount, str(command.command_id), ctx.today())
    return _ask_for_less(ctx, uow, command, row, posting, f"{row.invoice.number} asks for {amount} less.")


def write_off(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    """Give up what is owed: a loss, and the invoice stays what it is."""
    row = invoice_of(uow, command)
    amount = _of_what_is_owed(command, row)
    posting = postings.post_write_off(row.invoice.invoice_id, amount, str(command.command_id), ctx.today())
    return _ask_for_less(ctx, uow, command, row, posting, f"{amount} of {row.invoice.number} are written off.")


def _ask_for_less(
    ctx: Context, uow: UnitOfWork, command: Command, row: InvoiceRow, posting: Posting, sentence: str
) -> str:
    invoice_id, now, cause = row.invoice.invoice_id, ctx.now(), f"command:{command.command_id}"
    refuse_while_charged(uow, row)
    uow.journal.post(posting, now)
    minor = next(-entry.amount.minor for entry in posting.entries if entry.account == "receivable")
    body: dict[str, str | int | None] = {"amount_minor": minor, "reason": command.reason}
    uow.journal.record_event(DomainEvent(posting.transaction_id, posting.kind, invoice_id, now, command.actor, body))
    ask_for_it_no_more(uow, row, now)
    after = uow.invoices.require(invoice_id)
    if after.balance_minor <= 0:
        uow.tasks.resolve(invoice_id, "follow_ups_ended", command.actor, now)
        rest_no_more(uow, invoice_id, command.actor, now)
        tell_balance(uow, after, cause, now)
        return sentence
    say_what_is_owed_now(uow, after, now)
    for item in uow.tasks.open_of(invoice_id):
        if item.code in OWED_AGAIN:  # it says what is owed now
            uow.tasks.raise_task(invoice_id, item.code, of_owed_again(after, sentence.rstrip(".")), now)
    ensure_pay_link(uow, after, cause, now)  # whoever is not reminded may pay all the same
    tell_balance(uow, after, cause, now)
    return f"{sentence} {after.balance} stay open."


def _of_what_is_owed(command: Command, row: InvoiceRow) -> Money:
    """The amount that was asked for, all of it unless given; never more than is owed."""
    if row.is_void or row.balance_minor <= 0:
        raise PermanentError("nothing_owed", f"Nothing is owed on {row.invoice.number}; a refund gives money back.")
    amount = _amount(command, row, row.balance_minor)
    if amount.minor > row.balance_minor:
        raise PermanentError("more_than_is_owed", f"Of {row.invoice.number} only {row.balance} is owed, not {amount}.")
    return amount


def _amount(command: Command, row: InvoiceRow, all_of_it: int) -> Money:
    if optional(command, "amount_minor") is None:
        return Money(all_of_it, row.invoice.currency)
    return amount_of(command, "amount_minor", row.invoice.currency)


def _why_not_so_much(row: InvoiceRow, amount: Money, there: int, way: str, office: int) -> str:
    """`there` and `office`, in minor units: what can go back this way, and what came to the office and cannot."""
    number, currency = row.invoice.number, row.invoice.currency
    how_much = f"only {Money(there, currency)}, not {amount}," if there else "nothing"
    sentence = f"Of {number} {how_much} can go back{way}."
    if office:
        sentence += (
            f" {Money(office, currency)} came by cheque, cash or transfer: give that back by hand, and book it with"
            f" `billing refund {number} --by-hand cash`."
        )
    return sentence


def _of_foreign(uow: UnitOfWork, row: InvoiceRow) -> str:
    """No amount of the invoice's currency says how much of it goes back."""
    there = [str(left) for _, left in foreign_money(uow, row)]
    return f" {' and '.join(there)} came in another currency: refund that in Stripe's dashboard." if there else ""


def _refund_intent(command: Command, row: InvoiceRow, payment: PaymentRow, amount: Money) -> Intent:
    """Two deliberate refunds are two commands; one command carried out twice is one refund of each payment."""
    parameters: dict[str, str | int | None] = {
        "invoice_id": row.invoice.invoice_id,
        "payment_id": payment.payment_id,
        "provider_payment_id": payment.provider_object_id,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "reason": command.reason,
        "actor": command.actor,
        "still_owed": int(bool(optional(command, "still_owed"))),
        "force": int(bool(optional(command, "force"))),
    }
    if by_hand := optional(command, "by_hand"):
        parameters["by_hand"] = by_hand
    purpose = f"command:{command.command_id}"
    return Intent(EffectKind.REFUND, purpose, row.invoice.invoice_id, parameters, occasion=payment.provider_object_id)
