"""The days that people type: as the dashboard shows them, as our mails write them, and never one of two."""

from __future__ import annotations

from datetime import date

import pytest
from billed_studio import Run

from billing.cli.days import read_day

DAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-29", "29 Nov 2026", "29 November 2026", "29 November 2026, Sunday", "Nov 29, 2026",
        "29th of November 2026", "29 November 2026, 14:03",
        "29. November 2026", "29. Nov. 2026", "29.11.2026", "Sonntag, 29. November 2026", "29 novembre 2026",
        "29 de noviembre de 2026", "29/11/2026", "29  NOV  2026",
    ],
)  # fmt: skip
def test_a_day_is_read_as_it_is_written(text: str) -> None:
    assert read_day(text) == DAY


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1er décembre 2026", date(2026, 12, 1)),
        ("3. März 2026", date(2026, 3, 3)),
        ("3 mars 2026", date(2026, 3, 3)),
        ("4 fevr. 2026", date(2026, 2, 4)),
        ("5 ene 2026", date(2026, 1, 5)),
        ("6 Sept 2026", date(2026, 9, 6)),
        ("7. Mai 2026", date(2026, 5, 7)),
    ],
)
def test_months_are_known_in_all_our_languages(text: str, day: date) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize(
    "text", ["", "January", "29 Nov", "29 Nov 26", "31 June 2026", "2 jui 2026", "29 Nov Dec 2026", "tomorrow", "2026"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no date such as 2026-11-29 or 29 November 2026\.$"):
        read_day(text)


def test_a_day_that_two_countries_read_in_two_ways_is_refused_with_both() -> None:
    with pytest.raises(ValueError, match=r"Thursday, 5 March 2026 or Sunday, 3 May 2026\?"):
        read_day("03/05/2026")


def test_the_day_that_was_read_is_said(run: Run, open_number: str) -> None:
    words = ("payment", "record", open_number, "1", "--method", "cash", "--reference", "1", "--wait", "0", "--yes")

    assert "5. März 2026 is read as Thursday, 5 March 2026." in run(*words, "--on", "5. März 2026").stderr
    assert "is read as" not in run(*words, "--on", "2026-03-05").stderr
    assert "5 March 2026 or Sunday, 3 May 2026?" in run(*words, "--on", "03/05/2026").stderr
