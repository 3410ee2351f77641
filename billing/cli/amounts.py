"""Reading what people type: exact amounts in whole units, and dates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

import click

from billing.domain.errors import PermanentError
from billing.domain.money import exponent


class Day(click.ParamType[date]):
    """A calendar day as YYYY-MM-DD."""

    name = "date"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is no date such as 2026-03-31.", param, ctx)


DAY = Day()


def minor_units(text: str, currency: str) -> int:
    """ "120.50" of EUR is 12050. PermanentError for what is no amount, or finer than the currency's smallest coin."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise PermanentError("amount", f"{text!r} is no amount; write it like 120.50.") from None
    if not amount.is_finite() or amount <= 0:
        raise PermanentError("amount", f"{text} is no amount that can be paid; write it like 120.50.")
    minor = amount.scaleb(exponent(currency))
    if minor != minor.to_integral_value():
        raise PermanentError("amount", f"{text} is finer than {currency} goes: {exponent(currency)} decimals.")
    return int(minor)
