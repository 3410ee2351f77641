"""Reading what a command was given, with a sentence for what is missing."""

from __future__ import annotations

from billing.domain.errors import PermanentError
from billing.domain.events import Command
from billing.ports.ledger import Books, InvoiceRow


def text(command: Command, name: str) -> str:
    value = command.arguments.get(name)
    if value is None or value == "":
        raise PermanentError("argument_missing", f"{command.name} needs {name}.")
    return str(value)


def optional(command: Command, name: str) -> str | None:
    value = command.arguments.get(name)
    return str(value) if value not in (None, "") else None


def invoice_of(books: Books, command: Command) -> InvoiceRow:
    number = text(command, "number")
    row = books.invoices.by_number(number)
    if row is None:
        raise PermanentError("no_such_invoice", f"There is no invoice {number}; see the number on its PDF.")
    return row
