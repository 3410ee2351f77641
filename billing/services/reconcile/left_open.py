"""What should have ended by itself and has not: pay links of which nothing is owed, charges and refunds under way.

And the other way round: what is owed, and nothing asks for.
"""

from __future__ import annotations

from datetime import timedelta

from billing.domain.effects import OPEN_STATES, Effect, EffectKind, EffectState
from billing.domain.money import Money
from billing.domain.payments import PayLink
from billing.domain.settlements import RefundStatus
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.ports.operations import Difference
from billing.ports.settlements import RefundRow
from billing.services.collections.asking_again import is_left_alone
from billing.services.context import Context
from billing.services.effects.in_words import how_to_settle
from billing.services.reconcile.found import STRIPE, Found, difference
from billing.services.reconcile.sessions import Billed

CHARGE_OPEN_FOR = timedelta(days=1)
REFUND_OPEN_FOR = timedelta(days=7)
_NOT_ASKED_FOR = "not_asked_for"


def compare_left_open(ctx: Context, found: Found, billed: list[Billed]) -> None:
    """Of the invoices of these sessions, and of all charges and refunds that are under way."""
    with ctx.ledger.read() as uow:
        for one in billed:
            for row in one.invoices:
                found.compared += 1
                if row.is_void or row.balance_minor <= 0:
                    links = uow.pay_links.open_of(row.invoice.invoice_id)
                    found.add(_link(row, link) for link in links if not _is_being_closed(uow, link))
        for state in OPEN_STATES:
            charges = uow.effects.in_state(state, EffectKind.CHARGE)
            found.add(_charge(uow, charge) for charge in charges if _is_old(ctx, charge))
        told = {item.subject_id for item in uow.tasks.open_tasks() if item.code != f"{STRIPE}_{_NOT_ASKED_FOR}"}
        found.add(_not_asked_for(row) for row in uow.invoices.unpaid() if is_left_alone(uow, row, told))
        refunds = uow.settlements.open_refunds()
        found.add(_refund(uow, one) for one in refunds if one.created_at < ctx.now() - REFUND_OPEN_FOR)


def _is_being_closed(uow: UnitOfWork, link: PayLink) -> bool:
    closing = uow.effects.of_subject(link.link_id, EffectKind.CLOSE_PAY_LINK)
    return any(effect.state in (EffectState.READY, EffectState.IN_FLIGHT) for effect in closing)


def _link(row: InvoiceRow, link: PayLink) -> Difference:
    why = "is void" if row.is_void else "is paid"
    sentence = (
        f"The pay link {link.link_id} of {row.invoice.number} can still take money, though the invoice {why};"
        " deactivate it in Stripe's dashboard under Payment links. See needs-attention for why it was not closed by"
        " itself."
    )
    return difference(STRIPE, row.invoice.invoice_id, "pay_link_left_open", sentence)


def _is_old(ctx: Context, charge: Effect) -> bool:
    """One that waits for its day is as old as that day."""
    waits_for = charge.not_before if charge.state is EffectState.READY else None
    return (waits_for or charge.created_at) < ctx.now() - CHARGE_OPEN_FOR


def _charge(uow: UnitOfWork, charge: Effect) -> Difference:
    row = uow.invoices.get(charge.subject_id)
    number = row.invoice.number if row else charge.subject_id
    amount = Money(charge.number("amount_minor"), charge.text("currency"))
    sentence = (
        f"The charge of {amount} for {number} has been {charge.state.value.replace('_', ' ')} since"
        f" {charge.created_at:%Y-%m-%d}; look for {charge.provider_reference or 'it'} in Stripe's dashboard. A bank"
        " debit may take days."
    )
    if charge.state is EffectState.UNKNOWN:
        sentence += f" When you know: {how_to_settle(charge)}."
    return difference(STRIPE, charge.subject_id, "charge_open_too_long", sentence, amount)


def _refund(uow: UnitOfWork, refund: RefundRow) -> Difference:
    """What each status waits for: Stripe's reference, "Refund object", `status` and `next_action`."""
    row, amount = uow.invoices.require(refund.invoice_id), Money(refund.amount_minor, refund.currency)
    name = row.invoice.client.name
    waits = f"has not reached {name}; look why"
    if refund.status is RefundStatus.REQUIRES_ACTION:
        waits = f"waits for {name} to tell Stripe where to send it, as Stripe asked them by mail; remind them, or look"
    sentence = (
        f"The refund of {amount} for {row.invoice.number}, made on {refund.created_at:%Y-%m-%d}, {waits} in Stripe's"
        f" dashboard under {refund.refund_id}."
    )
    return difference(STRIPE, refund.refund_id, "refund_open_too_long", sentence, amount)


def _not_asked_for(row: InvoiceRow) -> Difference:
    number = row.invoice.number
    sentence = (
        f"{row.balance} of {number} is owed by {row.invoice.client.name}, and nothing asks for it: there is no page to"
        f" pay on, and nothing says why. `billing reminders resume {number}` makes one; else credit it, write it off,"
        f" or let it rest with `billing reminders pause {number}`."
    )
    return difference(STRIPE, row.invoice.invoice_id, _NOT_ASKED_FOR, sentence, row.balance)
