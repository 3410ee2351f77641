"""What a comparison finds: each difference once, and how far each explains that the balance is another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from billing.domain.money import Money
from billing.ports.operations import Difference

Say = Callable[[str], None]

STRIPE, VSCO, GALLERIES = "stripe", "vsco", "galleries"


def difference(
    scope: str, subject_id: str, cause: str, sentence: str, ledger: Money | None = None, outside: Money | None = None
) -> Difference:
    """Amounts of one currency, zero included; None where there is none on that side.

    Of two currencies the outside's is kept, and the sentence tells the other.
    """
    if ledger is not None and outside is not None and ledger.currency != outside.currency:
        ledger = None
    currency = next((amount.currency for amount in (ledger, outside) if amount is not None), None)
    here, there = (None if amount is None else amount.minor for amount in (ledger, outside))
    return Difference(scope, subject_id, cause, sentence, currency, here, there)


@dataclass
class Found:
    """One comparison while it runs. `explained` is outside less ledger, by currency, of what is told already."""

    compared: int = 0
    mended: int = 0  # what was missing in the books, and was booked by comparing
    explained: Counter[str] = field(default_factory=Counter)
    _differences: dict[tuple[str, str], Difference] = field(default_factory=dict)

    def add(self, differences: Iterable[Difference]) -> None:
        """The first that tells of a subject and a cause stays."""
        for one in differences:
            self._differences.setdefault((one.subject_id, one.cause), one)

    def explain(self, amount: Money) -> None:
        self.explained[amount.currency] += amount.minor

    @property
    def differences(self) -> list[Difference]:
        return list(self._differences.values())


def quiet(sentence: str) -> None:
    """Nobody is told how far it is."""
