"""What the executor and the janitor need of one kind of effect."""

from __future__ import annotations

from typing import Protocol

from billing.domain.effects import Effect, Outcome
from billing.ports.ledger import UnitOfWork
from billing.services.context import Context


class Handler(Protocol):
    """How one kind of effect is done."""

    def unwanted(self, ctx: Context, uow: UnitOfWork, effect: Effect) -> str | None:
        """The reason for which it must not be done any more, checked at the moment of acting; else None."""
        ...

    def act(self, ctx: Context, effect: Effect) -> Outcome:
        """Do it, outside of any transaction. May raise the three errors of ports.outside."""
        ...

    def follow(self, ctx: Context, uow: UnitOfWork, effect: Effect, outcome: Outcome) -> None:
        """What follows from the outcome, in the transaction that records it."""
        ...

    def ask(self, ctx: Context, effect: Effect) -> Outcome:
        """Find out by evidence how an unknown attempt ended; `unknown` again if there is no evidence."""
        ...
