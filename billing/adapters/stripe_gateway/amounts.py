"""Money on Stripe's wire: integers in lower-case currencies, with Stripe's exceptions (docs: currencies)."""

from __future__ import annotations

from billing.domain.errors import PermanentError
from billing.domain.money import Money, exponent

# Of two decimals on the wire, the last two of them always 00 (docs: currencies, special cases). The house counts UGX
# in whole shillings, as it is; ISK it counts in hundredths already.
_WHOLE_UNITS_ONLY = frozenset({"ISK", "UGX"})
# The last digit of a three-decimal amount must be 0 (docs: currencies, three-decimal currencies).
_THREE_DECIMAL_STEP = 10


def to_wire(money: Money) -> int:
    """The integer that Stripe wants for an amount. PermanentError stripe_amount_unpayable if there is none."""
    amount = money.minor * _wire_factor(money.currency)
    step = _step(money.currency)
    if amount % step:
        raise PermanentError(
            "stripe_amount_unpayable",
            f"Stripe cannot take {money} by card: amounts in {money.currency} are multiples of"
            f" {from_wire(step, money.currency)}; change the invoice or take it by bank transfer.",
        )
    return amount


def from_wire(amount: int, currency: str) -> Money:
    """The amount that Stripe's integer means. ValueError if it is none of that currency."""
    name = currency.upper()
    minor, rest = divmod(amount, _wire_factor(name))
    if rest:
        raise ValueError(f"{amount} is no amount of {name} on Stripe's wire")
    return Money(minor, name)


def _wire_factor(currency: str) -> int:
    return 100 if currency in _WHOLE_UNITS_ONLY and exponent(currency) == 0 else 1


def _step(currency: str) -> int:
    if currency in _WHOLE_UNITS_ONLY:
        return 100
    return _THREE_DECIMAL_STEP if exponent(currency) == 3 else 1
