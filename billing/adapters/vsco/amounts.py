"""Money of the wire: an integer in the studio's currency (schema MoneyAmount), which does not say of what."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from billing.adapters.vsco.fields import Fields
from billing.domain.errors import PermanentError
from billing.domain.money import Money, exponent

MoneyScale = Literal["cents", "units"]

BOUND = 99_999_999_999  # schema MoneyAmount: minimum and maximum


@dataclass(frozen=True, slots=True)
class Amounts:
    """Reads and writes amounts: `cents` means minor units (yen for JPY, fils for KWD), `units` whole ones."""

    currency: str
    scale: MoneyScale

    def read(self, fields: Fields, name: str, *, low: int = -BOUND) -> Money | None:
        value = fields.number(name, low, BOUND)
        if value is None:
            return None
        if value != value.to_integral_value():
            raise fields.wrong(name, "is no whole number")
        return Money(int(value) * self._factor, self.currency)

    def require(self, fields: Fields, name: str, *, low: int = -BOUND) -> Money:
        amount = self.read(fields, name, low=low)
        if amount is None:
            raise fields.wrong(name, "is missing")
        return amount

    def write(self, amount: Money) -> int:
        """The amount for a request. PermanentError if the wire cannot express it."""
        whole, rest = divmod(amount.minor, self._factor)
        if rest or amount.currency != self.currency or not 0 < whole <= BOUND:
            raise PermanentError(
                "vsco_amount_not_writable",
                f"{amount} cannot be written to VSCO Workspace, which counts {self.scale} of {self.currency};"
                " record the payment there by hand.",
            )
        return whole

    @property
    def _factor(self) -> int:
        return 10 ** exponent(self.currency) if self.scale == "units" else 1


def exact(number: Decimal) -> Decimal:
    """The same number without trailing zeros or exponent: 1.50 is 1.5, 1E+2 is 100. Nothing is rounded."""
    text = format(number, "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
