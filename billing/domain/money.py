"""Money: integer minor units and a currency. Every division names its rounding; there is no float."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# ISO 4217 currencies whose minor unit is not a hundredth, as Stripe lists them (docs: currencies, zero-decimal).
_EXPONENTS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3)


def exponent(currency: str) -> int:
    """How many decimals the currency has: 0 for JPY, 2 for EUR, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def round_half_up(amount: Decimal) -> int:
    """The one rounding rule of the application: half away from zero, to whole minor units."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Share `total` in proportion to `weights` by the largest remainder; the parts add up to `total` exactly.

    Ties go to the earlier part. Weights of zero get nothing, unless all are zero: then the first takes all.
    Weights are of one sign: over a mix of both there is no proportion whose parts stay within `total`.
    """
    if not weights:
        raise ValueError("cannot split over no weights")
    if min(weights) < 0 < max(weights):
        raise ValueError(f"cannot split over weights of both signs: {list(weights)}")
    if not any(weights):
        return [total] + [0] * (len(weights) - 1)
    sign = -1 if total < 0 else 1
    size, base = abs(total), abs(sum(weights))
    parts = [size * abs(weight) // base for weight in weights]
    remainders = [size * abs(weight) % base for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: -remainders[index])
    for index in order[: size - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency in minor units (cents, yen, fils)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are integers, not {self.minor!r}")
        if len(self.currency) != 3 or not self.currency.isupper():
            raise ValueError(f"a currency is three capital letters, not {self.currency!r}")

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exact: Money(12345, "EUR") is Decimal("123.45")."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal:,.{exponent(self.currency)}f} {self.currency}"

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self} and {other} are of different currencies")
        return other


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero for none."""
    return sum(amounts, Money(0, currency))
