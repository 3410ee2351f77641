"""How figures read: money with its currency, durations in the unit that fits, changes in words."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from billing.domain.money import Money, exponent

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
NOT_YET = "not yet"
NBSP = "\u00a0"  # a figure and its unit stay on one line


def money(minor: int, currency: str) -> str:
    """`money(-123456, "EUR")` is "−1,234.56 EUR"."""
    return str(Money(int(minor), currency)).replace("-", "−").replace(" ", NBSP)


def whole(minor: int, currency: str) -> str:
    """Without decimals, for a headline: "1,235 EUR"."""
    return f"{Money(int(minor), currency).decimal:,.0f}{NBSP}{currency}".replace("-", "−")


def units(minor: int, currency: str) -> float:
    """For the length of a bar; never for a sum."""
    return float(minor) / float(10 ** exponent(currency))


def duration(seconds: float | None) -> str:
    """ "45 s", "17 min", "3.4 h", "2.1 days"."""
    if seconds is None:
        return NOT_YET
    if seconds < 60:
        return f"{seconds:.0f}{NBSP}s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f}{NBSP}min"
    return f"{seconds / 3600:.1f}{NBSP}h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f}{NBSP}days"


def share(value: float | None) -> str:
    """ "91 %"; a share that is nearly but not quite all is not rounded up to it."""
    if value is None:
        return NOT_YET
    percent = value * 100
    shown = 99 if 99 < percent < 100 else 1 if 0 < percent < 1 else percent
    return f"{shown:.0f}{NBSP}%"


def days(value: float | None) -> str:
    if value is None:
        return NOT_YET
    shown = f"{value:.1f}".removesuffix(".0")
    return f"{shown}{NBSP}day" if shown == "1" else f"{shown}{NBSP}days"


def count(number: int, one: str, many: str | None = None) -> str:
    """ "1 invoice", "3 invoices"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def span(first: date, last: date) -> str:
    """ "24 September to 23 October"; the year only where it is not the same."""
    if first.year != last.year:
        return f"{day(first)} to {day(last)}"
    month = "" if first.month == last.month else f" {first:%B}"
    return f"{first.day}{month} to {last.day} {last:%B}"


def moment(value: datetime) -> str:
    return f"{value.day} {value:%B %Y, %H:%M}"


def age(span: timedelta) -> str:
    if span < timedelta(hours=2):
        return count(max(1, round(span.total_seconds() / 60)), "minute")
    return f"{span.total_seconds() / 3600:.0f} hours" if span < timedelta(days=2) else f"{span.days} days"


def past_due(days_past_due: int) -> str:
    """Meaning in words, not in colour: "due in 3 days", "due today", "12 days overdue"."""
    if days_past_due > 0:
        return f"{count(days_past_due, 'day')} overdue"
    return "due today" if days_past_due == 0 else f"due in {count(-days_past_due, 'day')}"


def plain(text: str) -> str:
    """Words from outside, safe in Markdown: no link, picture, formula or colour comes of them."""
    return _PUNCTUATION.sub(r"\\\g<0>", " ".join(text.split()))


def cell(text: str) -> str:
    """Words from outside, safe in a table that may be saved as CSV: a spreadsheet runs no formula of them."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
