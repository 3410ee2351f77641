"""Reading the days that people type; amounts are read by the domain (`domain.typed`), the same for every entrance."""

from __future__ import annotations

from datetime import date

import click


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
