"""How figures read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from dashboards import wording


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (123_456, "EUR", "1,234.56 EUR"),
        (-5, "EUR", "−0.05 EUR"),
        (50_000, "JPY", "50,000 JPY"),
        (12_345, "KWD", "12.345 KWD"),
    ],
)
def test_money_has_the_decimals_of_its_currency(minor: int, currency: str, shown: str) -> None:
    assert wording.money(minor, currency).replace("\u00a0", " ") == shown


def test_a_bar_is_as_long_as_its_amount_in_whole_units() -> None:
    assert [wording.units(12_345, currency) for currency in ("EUR", "JPY", "KWD")] == [123.45, 12345, 12.345]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "not yet"), (45, "45 s"), (60, "1 min"), (1_020, "17 min"), (12_240, "3.4 h"), (181_440, "2.1 days")],
)
def test_durations_take_the_unit_that_fits(seconds: float | None, shown: str) -> None:
    assert wording.duration(seconds).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "not yet"), (0, "0 %"), (0.001, "1 %"), (0.914, "91 %"), (0.999, "99 %"), (1, "100 %")],
)
def test_nearly_all_is_not_all_and_nearly_none_is_not_none(value: float | None, shown: str) -> None:
    assert wording.share(value).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("days", "shown"), [(-3, "due in 3 days"), (-1, "due in 1 day"), (0, "due today"), (12, "12 days overdue")]
)
def test_overdue_is_a_word(days: int, shown: str) -> None:
    assert wording.past_due(days) == shown


def test_dates_are_written_out() -> None:
    assert wording.day(date(2026, 3, 3)) == "3 March 2026"
    assert wording.moment(datetime(2026, 3, 3, 9, 5, tzinfo=UTC)) == "3 March 2026, 09:05"
    assert [wording.age(timedelta(hours=hours)) for hours in (1, 30, 100)] == ["60 minutes", "30 hours", "4 days"]
    assert (wording.days(1.0), wording.days(2.5)) == ("1\u00a0day", "2.5\u00a0days")


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (date(2026, 9, 24), date(2026, 10, 23), "24 September to 23 October"),
        (date(2026, 10, 1), date(2026, 10, 30), "1 to 30 October"),
        (date(2025, 12, 20), date(2026, 1, 18), "20 December 2025 to 18 January 2026"),
    ],
)
def test_a_span_says_each_thing_once(first: date, last: date, shown: str) -> None:
    assert wording.span(first, last) == shown


def test_words_from_outside_stay_words() -> None:
    assert wording.plain("![x](http://evil.example) :red[y] $z$") == (
        r"\!\[x\]\(http\:\/\/evil\.example\) \:red\[y\] \$z\$"
    )
    assert wording.cell("=cmd()|' /C calc'!A0").startswith("'=")
    assert wording.cell("Ada Stern") == "Ada Stern"
