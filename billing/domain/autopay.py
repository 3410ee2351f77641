"""When a saved card is charged: on the day that was announced, and never sooner than the client was told."""

from __future__ import annotations

from datetime import date, timedelta

from billing.domain.invoices import Collection, Invoice


def notice_days(invoice: Invoice) -> int:
    """How many days ahead this invoice announces its charge, as it was agreed when it was issued; 0: not at all."""
    return (invoice.due_on - invoice.issued_on).days if invoice.collection is Collection.AUTOPAY else 0


def charge_on(invoice: Invoice, told_on: date | None) -> date | None:
    """The studio's day on which the card may be charged; None while the client was not told of it.

    The day it is due. A client who was told only then, or later, has the same number of days from there.
    """
    days = notice_days(invoice)
    if days == 0:
        return invoice.due_on
    if told_on is None:
        return None
    return invoice.due_on if told_on < invoice.due_on else told_on + timedelta(days=days)
