"""A page to pay on where money is owed again: one at a time, and none while the bank or the client is at work on it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from billing.domain import canonical
from billing.domain.effects import OPEN_STATES, EffectKind, Intent
from billing.domain.payments import PayLink, PaymentFact, PaymentStatus
from billing.domain.settlements import OPEN_DISPUTES
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.collections.autopay import charge_what_is_owed
from billing.services.collections.owed import is_undecided
from billing.services.invoicing.issue_invoices import pay_link_intent


def close_link_intent(link: PayLink, row: InvoiceRow) -> Intent:
    """Nobody must be able to pay what is not owed any more."""
    return Intent(EffectKind.CLOSE_PAY_LINK, "settled", link.link_id, {"invoice_id": row.invoice.invoice_id})


def close_links(uow: UnitOfWork, row: InvoiceRow, now: datetime) -> None:
    """The amount of a page is fixed: once another is owed, it must not take money any more."""
    for link in uow.pay_links.open_of(row.invoice.invoice_id):
        uow.effects.intend(close_link_intent(link, row), now)


def ask_for_it_no_more(uow: UnitOfWork, row: InvoiceRow, now: datetime) -> None:
    """What is owed has changed: neither a page nor a charge that waits takes the amount that it was."""
    close_links(uow, row, now)
    charge_what_is_owed(uow, row.invoice.invoice_id, now)


def ensure_pay_link(uow: UnitOfWork, row: InvoiceRow, cause: str, now: datetime) -> bool:
    """Commit to a page for what is owed, unless there is one or something stands in the way; True if committed.

    `cause` tells it apart from an earlier page of the same amount that was closed since.
    """
    if row.is_void or row.balance_minor <= 0 or _is_at_work(uow, row.invoice.invoice_id):
        return False
    if is_undecided(uow, row.invoice.invoice_id):
        return False
    if open_page(uow, row.invoice.invoice_id) or is_page_coming(uow, row):
        return False
    intent = pay_link_intent(row.invoice, row.balance_minor)
    # One cause may call for the same amount twice (an inquiry that is closed, then escalates and is won).
    made = uow.effects.of_subject(row.invoice.invoice_id, EffectKind.PAY_LINK)
    pages = " ".join(sorted(page.provider_reference for page in made if page.provider_reference))
    again = pay_link_intent(row.invoice, row.balance_minor, f"again:{cause}:{canonical.sha256(pages)[:8]}")
    return uow.effects.intend(intent, now) or uow.effects.intend(again, now)


def open_page(uow: UnitOfWork, invoice_id: str) -> PayLink | None:
    """Where the client can pay what is owed: no page that is about to be closed, as its amount is not owed any more."""
    pages = uow.pay_links.open_of(invoice_id)
    return next((page for page in pages if not uow.effects.of_subject(page.link_id, EffectKind.CLOSE_PAY_LINK)), None)


def is_page_coming(uow: UnitOfWork, row: InvoiceRow) -> bool:
    """A page for what is owed is being made."""
    coming = uow.effects.of_subject(row.invoice.invoice_id, EffectKind.PAY_LINK)
    return any(page.state in OPEN_STATES and page.number("amount_minor") == row.balance_minor for page in coming)


def is_left_alone(uow: UnitOfWork, row: InvoiceRow, told: Collection[str]) -> bool:
    """Owed, and nothing asks for it: no page, no charge, no bank at work, no pause; and nobody is told why.

    `told`: what open items are about. A page that failed is told of under the effect's own key.
    """
    invoice_id = row.invoice.invoice_id
    if row.is_void or row.balance_minor <= 0 or _is_at_work(uow, invoice_id) or uow.pauses.is_paused(invoice_id):
        return False
    if open_page(uow, invoice_id) or is_page_coming(uow, row):
        return False
    about = {effect.key for effect in uow.effects.of_subject(invoice_id)}
    return about.isdisjoint(told) and invoice_id not in told


def is_disputed(uow: UnitOfWork, invoice_id: str) -> bool:
    """A dispute or an inquiry of one of its payments is open."""
    return any(dispute.status in OPEN_DISPUTES for dispute in uow.settlements.disputes_of(invoice_id))


def is_processing(uow: UnitOfWork, invoice_id: str) -> bool:
    """The client has paid by bank debit, and their bank has not answered for days, as banks do."""
    return bool(uow.records.cursor(_marker(invoice_id)))


def note_processing(uow: UnitOfWork, fact: PaymentFact, now: datetime) -> bool:
    """Keep which payments of the invoice are processing; True if this one was and has ended without money."""
    name = _marker(str(fact.invoice_id))
    known = (uow.records.cursor(name) or "").split()
    others = [payment_id for payment_id in known if payment_id != fact.payment_id]
    processing = [*others, fact.payment_id] if fact.status is PaymentStatus.PROCESSING else others
    if sorted(processing) != sorted(known):
        uow.records.move_cursor(name, " ".join(sorted(processing)), now)
    return len(processing) < len(known) and fact.status is not PaymentStatus.SUCCEEDED


def end_processing(uow: UnitOfWork, invoice_id: str, payment_id: str, now: datetime) -> None:
    """Who learnt how the payment ended by another way than its events says so here."""
    known = (uow.records.cursor(_marker(invoice_id)) or "").split()
    if payment_id in known:
        uow.records.move_cursor(_marker(invoice_id), " ".join(one for one in known if one != payment_id), now)


def _marker(invoice_id: str) -> str:
    return f"processing:{invoice_id}"


def _is_at_work(uow: UnitOfWork, invoice_id: str) -> bool:
    charges = uow.effects.of_subject(invoice_id, EffectKind.CHARGE)
    is_charged = any(charge.state in OPEN_STATES for charge in charges)  # it asks for the rest as it ends
    return is_charged or is_disputed(uow, invoice_id) or is_processing(uow, invoice_id)
