"""Amounts and days as people type them: read as they were meant, or refused with what they could mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.errors import PermanentError
from billing.domain.money import Money
from billing.domain.typed import (
    MOST_MINOR,
    check_amount,
    check_consented_at,
    check_expires_on,
    check_received_on,
    read_amount,
)

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("120.50", "EUR", 12_050),
        ("120,50", "EUR", 12_050),
        ("120.5", "EUR", 12_050),
        (" 120 ", "EUR", 12_000),
        (".50", "EUR", 50),
        ("0,05", "EUR", 5),
        ("007", "EUR", 700),
        ("1,234.50", "EUR", 123_450),
        ("1.234,50", "EUR", 123_450),
        ("1 234,50", "EUR", 123_450),
        ("1\N{NARROW NO-BREAK SPACE}234,50", "EUR", 123_450),
        ("1\N{NO-BREAK SPACE}234", "EUR", 123_400),
        ("1'234.50", "CHF", 123_450),
        ("1’234", "CHF", 123_400),
        ("1.234.567", "EUR", 123_456_700),
        ("1,234,567.8", "EUR", 123_456_780),
        ("1234", "JPY", 1_234),
        ("1 234", "JPY", 1_234),
        ("1,234,567", "JPY", 1_234_567),
        ("1.500", "KWD", 1_500),
        ("1.5", "KWD", 1_500),
        ("1,234.567", "KWD", 1_234_567),
        ("9999999999.99", "EUR", MOST_MINOR),
    ],
)
def test_an_amount_of_one_meaning_is_understood(text: str, currency: str, minor: int) -> None:
    assert read_amount(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "sentence"),
    [
        ("1.500", "EUR", "1.500 is 1.50 or 1,500.00 EUR? Write 1.50 or 1500.00."),
        ("1,500", "EUR", "1,500 is 1.50 or 1,500.00 EUR? Write 1.50 or 1500.00."),
        ("1.000", "JPY", "1.000 is 1 or 1,000 JPY? Write 1 or 1000."),
        ("1,000", "JPY", "1,000 is 1 or 1,000 JPY? Write 1 or 1000."),
        ("1,500", "KWD", "1,500 is 1.500 or 1,500.000 KWD? Write 1.500 or 1500.000."),
        ("12.345", "EUR", "12.345 is 12.345 or 12,345.00 EUR? Write 12345.00."),
        ("1.234", "JPY", "1.234 is 1.234 or 1,234 JPY? Write 1234."),
    ],
)
def test_an_amount_of_two_meanings_is_refused_with_both(text: str, currency: str, sentence: str) -> None:
    with pytest.raises(PermanentError) as refused:
        read_amount(text, currency)

    assert (refused.value.code, refused.value.sentence) == ("amount", sentence)


@pytest.mark.parametrize(
    ("text", "currency", "said"),
    [
        ("1.5000", "EUR", "1.5000 has more decimals than EUR, which has 2 decimals; write 1.50."),
        ("0.500", "EUR", "write 0.50."),
        ("1.00", "JPY", "1.00 has more decimals than JPY, which has no decimals; write 1."),
        ("1.005", "EUR", "1.005 is 1.005 or 1,005.00 EUR?"),
        ("0.005", "EUR", "0.005 is finer than EUR goes (2 decimals), and nothing is rounded; write the exact amount."),
        ("1234.567", "EUR", "finer than EUR goes"),
        ("1.234,567", "EUR", "finer than EUR goes"),
        ("0.5", "JPY", "finer than JPY goes (no decimals)"),
        (f"1.{'0' * 29}1", "EUR", "finer than EUR goes"),
        ("0.1234", "KWD", "finer than KWD goes (3 decimals)"),
    ],
)
def test_more_decimals_than_the_currency_has_are_refused(text: str, currency: str, said: str) -> None:
    with pytest.raises(PermanentError) as refused:
        read_amount(text, currency)

    assert said in refused.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-5", "+5", "NaN", "Infinity", "1e3", "1_000", "ten", "€5", "5 EUR", "1,2,3", "12 34", "1.2.3,4",
        "1,23,456.00", "1.234'567", "1..5", "5.", "..5", "٣", "１２", "1/2", "1" * 31, "1,234 567.89",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(PermanentError, match=r"is no amount; write it like 120\.50\.$"):
        read_amount(text, "EUR")
    with pytest.raises(PermanentError, match=r"write it like 120\.$"):
        read_amount("ten", "JPY")


@pytest.mark.parametrize("text", ["0", "0.00", "0,00", ".00"])
def test_nothing_is_no_amount(text: str) -> None:
    with pytest.raises(PermanentError, match="name one that is more than nothing"):
        read_amount(text, "EUR")


@pytest.mark.parametrize("text", ["10000000000.00", "92233720368547758.08", "9" * 30])
def test_more_than_can_be_booked_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match=r"more than can be booked, which is 9,999,999,999\.99 EUR"):
        read_amount(text, "EUR")


@pytest.mark.parametrize("minor", [0, -1, MOST_MINOR + 1, 2**63, 10**40])
def test_an_amount_from_a_command_is_within_the_same_bounds(minor: int) -> None:
    with pytest.raises(PermanentError):
        check_amount(minor, "EUR")


@given(st.integers(1, MOST_MINOR), st.sampled_from(["EUR", "KWD"]))
def test_every_amount_that_we_print_is_read_as_what_it_is(minor: int, currency: str) -> None:
    money = Money(minor, currency)

    assert read_amount(str(money.decimal), currency) == money
    assert read_amount(str(money).removesuffix(f" {currency}"), currency) == money


@given(st.integers(1, MOST_MINOR))
def test_yen_are_read_as_advice_writes_them(minor: int) -> None:
    assert read_amount(str(Money(minor, "JPY").decimal), "JPY") == Money(minor, "JPY")


ISSUED = date(2026, 3, 1)


@pytest.mark.parametrize("day", [TODAY, ISSUED, date(2025, 6, 1), date(2021, 3, 2)])
def test_money_may_have_come_on_any_day_since_the_session_could_be_booked(day: date) -> None:
    assert check_received_on(day, TODAY, ISSUED) == day


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 3, 3), "2026-03-03 is to come"),
        (date(2062, 3, 2), "2062-03-02 is to come"),
        (date(2021, 3, 1), "more than five years before"),
        (date(1026, 3, 2), "see whether the year is right"),
        (date(1, 1, 1), "see whether the year is right"),
    ],
)
def test_money_on_a_day_that_cannot_be_is_refused(day: date, said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        check_received_on(day, TODAY, ISSUED)


@pytest.mark.parametrize("at", [NOW + timedelta(minutes=1), datetime(1926, 3, 2, tzinfo=UTC)])
def test_a_consent_at_a_moment_that_cannot_be_is_refused(at: datetime) -> None:
    assert check_consented_at(NOW, NOW) == NOW
    with pytest.raises(PermanentError):
        check_consented_at(at, NOW)


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2036, 3, 1), date(2206, 1, 1)])
def test_a_gallery_does_not_end_in_the_past_nor_in_ages(day: date) -> None:
    assert check_expires_on(TODAY, TODAY) == TODAY
    with pytest.raises(PermanentError):
        check_expires_on(day, TODAY)
