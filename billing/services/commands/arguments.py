"""Reading what a command was given, with a sentence for what is missing or none.

A command may come from any entrance, or from an older version of one: nothing of it is trusted.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from billing.domain.errors import PermanentError
from billing.domain.events import Command
from billing.domain.money import Money
from billing.domain.typed import check_amount
from billing.ports.ledger import InvoiceRow, UnitOfWork
from billing.standards.addresses import right_addresses

_WHOLE = re.compile(r"-?[0-9]{1,30}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def text(command: Command, name: str) -> str:
    value = command.arguments.get(name)
    if value is None or value == "":
        raise PermanentError("argument_missing", f"{command.name} needs {name}.")
    return str(value)


def optional(command: Command, name: str) -> str | None:
    value = command.arguments.get(name)
    return str(value) if value not in (None, "") else None


def addresses_of(command: Command, name: str) -> tuple[str, ...]:
    """E-mail addresses that mail can be sent to, of as many as were typed; none where nothing was."""
    value = optional(command, name)
    return () if value is None else right_addresses(value)


def number_of(command: Command, name: str) -> int:
    """A whole number of any size."""
    value = text(command, name)
    if not _WHOLE.fullmatch(value):
        raise _wrong(command, name, value, "no whole number")
    return int(value)


def amount_of(command: Command, name: str, currency: str) -> Money:
    """An amount in minor units of the currency, more than nothing and no more than can be booked."""
    return check_amount(number_of(command, name), currency)


def day_of(command: Command, name: str) -> date:
    """A calendar day; whether it can be true is for the caller to say (domain.typed)."""
    value = text(command, name)
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass  # the 31st of February
    raise _wrong(command, name, value, "no day such as 2026-03-31")


def instant_of(command: Command, name: str) -> datetime:
    """A moment with its time zone."""
    value = text(command, name)
    try:
        at = datetime.fromisoformat(value)
        if at.utcoffset() is not None:
            return at
    except ValueError:
        pass
    raise _wrong(command, name, value, "no moment with a time zone such as 2026-03-31T14:30+02:00")


def invoice_of(uow: UnitOfWork, command: Command) -> InvoiceRow:
    number = text(command, "number")
    row = uow.invoices.by_number(number)
    if row is None:
        raise PermanentError("no_such_invoice", f"There is no invoice {number}; see the number on its PDF.")
    return row


def _wrong(command: Command, name: str, value: str, what: str) -> PermanentError:
    shown = value if len(value) <= 40 else f"{value[:40]}…"
    return PermanentError("argument_malformed", f"{command.name} needs {name}, and {shown!r} is {what}.")
