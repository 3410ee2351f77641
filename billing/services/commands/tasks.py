"""What people decide about tasks and limits."""

from __future__ import annotations

from billing.domain.errors import PermanentError
from billing.domain.events import Command
from billing.ports.ledger import UnitOfWork
from billing.services.collections.foreign_money import ask_all_the_same
from billing.services.collections.owed import OTHER_CURRENCY
from billing.services.collections.tell_balance import tell_balance
from billing.services.commands.arguments import number_of, optional, text
from billing.services.context import Context
from billing.services.invoicing.changed_orders import retell
from billing.services.safety.limits import raise_limit


def resolve(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    subject, now = text(command, "subject"), ctx.now()
    was_undecided = uow.tasks.is_open(subject, OTHER_CURRENCY)
    closed = uow.tasks.resolve(subject, optional(command, "code"), command.actor, now)
    if not closed:
        raise PermanentError("nothing_open", f"Nothing is open for {subject}.")
    row = uow.invoices.get(subject)
    if row is not None:
        retell(ctx, uow, row.invoice.session_id)
        if was_undecided and not uow.tasks.is_open(subject, OTHER_CURRENCY):
            ask_all_the_same(uow, row, f"resolved:{command.command_id}", now)
            tell_balance(uow, row, f"command:{command.command_id}", now)
    return f"Closed {closed} of {subject}."


def raise_limit_today(ctx: Context, uow: UnitOfWork, command: Command) -> str:
    what, to = text(command, "what"), number_of(command, "to")
    raise_limit(ctx, uow, what, to)
    return f"Today's limit of {what} is {to}."
