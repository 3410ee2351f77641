"""What is owed has changed, or the page to pay it on: the client is told at once, by one mail an act.

Receipts, refund mails and the invoice itself say what is owed of themselves; what changes it otherwise says so here,
and only of an invoice that the client knows of.
"""

from __future__ import annotations

from datetime import datetime

from billing.domain.effects import EffectKind, EffectState
from billing.domain.mail import MailKind
from billing.ports.correspondence import SentMail
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.services.collections.asking_again import is_disputed, is_page_coming, is_processing, open_page
from billing.services.collections.autopay import open_charge, waiting_charge
from billing.services.collections.owed import is_undecided
from billing.services.invoicing.deliver_invoices import mail_intent

_PERHAPS_READ = (EffectState.DONE, EffectState.UNKNOWN, EffectState.IN_FLIGHT)


def tell_balance(
    uow: UnitOfWork, row: InvoiceRow, cause: str, now: datetime, *, happened_at: datetime | None = None
) -> bool:
    """Commit to one mail about this cause, if there is something to tell; what it says is read as it is sent.

    `row`: the invoice after the act. `happened_at`: when that was by which it changed, if not now.
    """
    if why_not_told(uow, row, of_void=row.is_void):
        return False
    said: dict[str, str | int] = {"of_void": int(row.is_void), "happened_at": (happened_at or now).isoformat()}
    return uow.effects.intend(mail_intent(row, MailKind.BALANCE, row.invoice.invoice_id, cause, **said), now)


def why_not_told(uow: UnitOfWork, row: InvoiceRow, *, of_void: bool) -> str | None:
    """Why nothing is said of it now; None if it is to be said. `of_void`: the news is that it is void."""
    number, invoice_id = row.invoice.number, row.invoice.invoice_id
    if not _is_known(uow, invoice_id):
        return f"the client does not know of invoice {number} yet; it says what is owed as it goes out"
    if of_void:
        return None
    if row.is_void:
        return f"invoice {number} is void, of which another mail tells"
    if is_undecided(uow, invoice_id):
        return "a person decides first what is owed"
    if is_at_work(uow, invoice_id):
        return "it is told of when a bank has ended its work, or a person lets its card be charged"
    last = last_told(uow, invoice_id)
    if last and last.balance_minor == max(0, row.balance_minor) and not _is_on_another_page(uow, row, last):
        return "the client was told so already"
    return None


def is_at_work(uow: UnitOfWork, invoice_id: str) -> bool:
    """A dispute, a debit, a charge under way or one that a person has stopped for now: its end is told."""
    if is_disputed(uow, invoice_id) or is_processing(uow, invoice_id):
        return True
    is_held_back = waiting_charge(uow, invoice_id) is None or uow.pauses.is_paused(invoice_id)
    return open_charge(uow, invoice_id) is not None and is_held_back


def last_told(uow: UnitOfWork, invoice_id: str) -> SentMail | None:
    """The newest mail that said what is owed."""
    told = [mail for mail in uow.correspondence.told(invoice_id) if mail.balance_minor is not None]
    return told[-1] if told else None


def _is_on_another_page(uow: UnitOfWork, row: InvoiceRow, last: SentMail) -> bool:
    """The page of which the client was told is closed, and there is another one."""
    page = open_page(uow, row.invoice.invoice_id)
    return page.url != last.pay_url if page else is_page_coming(uow, row)


def _is_known(uow: UnitOfWork, invoice_id: str) -> bool:
    """Something about the invoice went out, or perhaps did."""
    mails = uow.effects.of_subject(invoice_id, EffectKind.MAIL)
    return bool(uow.correspondence.told(invoice_id)) or any(mail.state in _PERHAPS_READ for mail in mails)
