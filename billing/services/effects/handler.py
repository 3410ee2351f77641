"""What the executor and the janitor need of one kind of effect."""

from __future__ import annotations

from typing import Protocol

from billing.domain.effects import Effect, Outcome
from billing.ports.ledger import Books
from billing.services.context import House


class Handler(Protocol):
    """How one kind of effect is done."""

    def unwanted(self, house: House, books: Books, effect: Effect) -> str | None:
        """The reason for which it must not be done any more, checked at the moment of acting; else None."""
        ...

    def act(self, house: House, effect: Effect) -> Outcome:
        """Do it, outside of any transaction. May raise the three errors of ports.outside."""
        ...

    def follow(self, house: House, books: Books, effect: Effect, outcome: Outcome) -> None:
        """What follows from the outcome, in the transaction that records it."""
        ...

    def ask(self, house: House, effect: Effect) -> Outcome:
        """Find out by evidence how an unknown attempt ended; `unknown` again if there is no evidence."""
        ...
