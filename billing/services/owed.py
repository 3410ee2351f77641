"""What is owed on an invoice now, as the client may be told it."""

from __future__ import annotations

from datetime import date

from billing.domain.invoices import Invoice
from billing.domain.mail import Owed
from billing.domain.settlement_books import ASKED_FOR
from billing.ports.ledger import Books, InvoiceRow
from billing.services.house import House

# Items by which a person decides whether the client owes again what went back.
OWED_AGAIN = ("refunded_elsewhere", "dispute_lost")


def owed_now(house: House, books: Books, row: InvoiceRow) -> Owed:
    """How the invoice stands at this moment, by the journal."""
    invoice = row.invoice
    entries = books.journal.entries_about(invoice.invoice_id, ASKED_FOR)
    asked_for = sum(entry.amount.minor for entry in entries if entry.account == "receivable")
    balance = max(0, row.balance_minor)
    credit = max(0, left_over(books, invoice.invoice_id, invoice.currency))
    return Owed(
        as_of=house.today(),
        balance_minor=balance,
        paid_minor=credit if row.is_void else asked_for - balance,
        credited_minor=invoice.total_minor - asked_for,
        is_void=row.is_void,
    )


def owed_on_draft(invoice: Invoice, today: date) -> Owed:
    """As it will be told if it goes out today."""
    return Owed(today, invoice.amount_due_minor, invoice.total_minor - invoice.amount_due_minor)


def left_over(books: Books, invoice_id: str, currency: str) -> int:
    """What the invoice has left the client, in minor units: paid too much, or paid on what is void."""
    entries = books.journal.entries_about(invoice_id)
    return -sum(e.amount.minor for e in entries if e.account == "client_credit" and e.amount.currency == currency)


def is_undecided(books: Books, invoice_id: str) -> bool:
    """Money went back without our asking, and nobody has said yet whether the client owes it again."""
    return any(item.subject_id == invoice_id and item.code in OWED_AGAIN for item in books.desk.open_items())


def owed_if_decided(house: House, books: Books, row: InvoiceRow) -> Owed | None:
    """The same as `owed_now`; None while it is not for us to say."""
    return None if is_undecided(books, row.invoice.invoice_id) and not row.is_void else owed_now(house, books, row)
