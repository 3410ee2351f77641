"""Reading the days that people type; amounts are read by the domain (`domain.typed`), the same for every entrance."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

import click

LANGUAGES = ("en", "de", "fr", "es")
_TIME_OF_DAY = re.compile(r",? *\b[0-9]{1,2}:[0-9]{2}\b")
_LETTERS_OF_A_MONTH = 3  # fewer name more than one month
_OTHER_WORDS = frozenset(
    ("de", "del", "le", "el", "la", "den", "der", "am", "of", "the", "on", "er", "st", "nd", "rd", "th")
)


class Day(click.ParamType[date]):
    """A calendar day as it is written by us or by people: 2026-11-29, 29 November 2026, 29. Nov. 2026."""

    name = "date"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "DATE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        text = str(value).strip()
        try:
            day = read_day(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if text != day.isoformat():
            click.echo(f"{text} is read as {_in_words(day)}.", err=True)
        return day


DAY = Day()


def read_day(text: str) -> date:
    """The day that is meant; ValueError with a sentence for none, or for one of two.

    >>> [read_day(text).isoformat() for text in ("2026-11-29", "Sun, 29 Nov 2026", "1er décembre 2026", "29.11.2026")]
    ['2026-11-29', '2026-11-29', '2026-12-01', '2026-11-29']
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    text = _TIME_OF_DAY.sub("", text)  # the dashboard shows one with some days
    numbers, words = re.findall(r"[0-9]+", text), re.findall(r"[^\W\d_]+", _plain(text))
    months = {month for word in words if word not in _OTHER_WORDS for month in _months(word)}
    found = _with_a_name(numbers, months) if words else _in_figures(text, numbers)
    if len(found) != 1:
        which = f"; {' or '.join(map(_in_words, sorted(found)))}?" if found else ""
        raise ValueError(f"{text} is no date such as 2026-11-29 or 29 November 2026{which}.")
    return found.pop()


def _with_a_name(numbers: list[str], months: set[int]) -> set[date]:
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) <= 2]
    if not len(years) == len(days) == len(months) == 1 or len(numbers) != 2:
        return set()
    return _days((years[0], str(months.copy().pop()), days[0]))


def _in_figures(text: str, numbers: list[str]) -> set[date]:
    """With points it begins with the day, in every country; with strokes by country, so both are looked at."""
    if len(numbers) != 3 or len(numbers[2]) != 4:
        return set()
    first, second, year = numbers
    return _days((year, second, first), *([(year, first, second)] if "." not in text else []))


def _days(*readings: tuple[str, str, str]) -> set[date]:
    """Those of (year, month, day) that are in the calendar."""
    found = set()
    for year, month, day in readings:
        try:
            found.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return found


def _months(word: str) -> set[int]:
    """The months that begin so in any of our languages; names of weekdays begin none."""
    from babel.dates import get_month_names

    if len(word) < _LETTERS_OF_A_MONTH:
        return set()
    names = ((month, _plain(name)) for one in LANGUAGES for month, name in get_month_names("wide", locale=one).items())
    return {month for month, name in names if name.startswith(word)}


def _plain(text: str) -> str:
    """In small letters without accents, as people type them."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _in_words(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"
