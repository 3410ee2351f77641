"""Money on Stripe's wire: integers in lower-case currencies, with Stripe's exceptions (docs: currencies)."""

from __future__ import annotations

from billing.domain.errors import PermanentError
from billing.domain.money import Money, exponent
from billing.domain.typed import MOST_MINOR

# Of two decimals on the wire, the last two of them always 00 (docs: currencies, special cases). We count UGX
# in whole shillings, as it is; ISK it counts in hundredths already.
_WHOLE_UNITS_ONLY = frozenset({"ISK", "UGX"})
# The last digit of a three-decimal amount must be 0 (docs: currencies, three-decimal currencies).
_THREE_DECIMAL_STEP = 10

# Least amounts in minor units (docs: currencies, minimum and maximum charge amounts); elsewhere 0.50 of two decimals.
_LEAST_MINOR = {
    **dict.fromkeys(("AUD", "BRL", "CAD", "CHF", "EUR", "INR", "NZD", "SGD", "USD"), 50),
    "GBP": 30,
    "JPY": 50,
    "DKK": 250,
    "NOK": 300,
    "SEK": 300,
    "PLN": 200,
    "AED": 200,
    "MYR": 200,
    "HKD": 400,
    "MXN": 1000,
    "THB": 1000,
    "CZK": 1500,
    "HUF": 17500,
}


# Eight digits (reference, PaymentIntent.amount); currencies of small coins may have up to twelve, and Stripe itself
# refuses what goes beyond theirs.
_MOST_MINOR = dict.fromkeys(("AUD", "CAD", "CHF", "EUR", "GBP", "NZD", "SGD", "USD"), 99_999_999)


def check_bounds(money: Money) -> None:
    """PermanentError stripe_amount_too_small or stripe_amount_too_large for what Stripe does not take."""
    most = Money(_MOST_MINOR.get(money.currency, MOST_MINOR), money.currency)
    if most < money:
        raise PermanentError(
            "stripe_amount_too_large",
            f"Stripe takes no {money} by card, at most {most}; see whether the order's amount is right, and split it.",
        )
    least = _LEAST_MINOR.get(money.currency, 0)
    if money.minor < least:
        raise PermanentError(
            "stripe_amount_too_small",
            f"Stripe takes no {money} by card, only {Money(least, money.currency)} and more;"
            " put it on another order, or take it in cash and record it in the booking system.",
        )


def to_wire(money: Money) -> int:
    """The integer that Stripe wants for an amount. PermanentError stripe_amount_unpayable if there is none."""
    amount = money.minor * _wire_factor(money.currency)
    step = _step(money.currency)
    if amount % step:
        raise PermanentError(
            "stripe_amount_unpayable",
            f"Stripe cannot take {money} by card: amounts in {money.currency} are multiples of"
            f" {from_wire(step, money.currency)}; round the order's lines so that its balance is one.",
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
