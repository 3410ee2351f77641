"""Money is integers of one currency; a split loses nothing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.money import Money, exponent, round_half_up, split, total

AMOUNTS = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2), ("-0.5", -1), ("-2.5", -3), ("-2.4", -2), ("0", 0), ("7", 7)],
)
def test_halves_are_rounded_away_from_zero(amount: str, rounded: int) -> None:
    assert round_half_up(Decimal(amount)) == rounded


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (1, [1, 1], [1, 0]),
        (2, [1, 1, 1], [1, 1, 0]),
        (10, [3, 3, 1], [4, 4, 2]),
        (5, [0, 5, 0], [0, 5, 0]),
        (7, [0, 0], [7, 0]),
        (0, [3, 4], [0, 0]),
        (10, [-1, -1], [5, 5]),
        (-9, [-2, -1], [-6, -3]),
    ],
)
def test_a_split_gives_the_largest_remainders_their_unit_and_ties_to_the_earlier(
    amount: int, weights: list[int], parts: list[int]
) -> None:
    assert split(amount, weights) == parts


@given(amount=AMOUNTS, weights=WEIGHTS)
def test_the_parts_of_a_split_add_up_exactly_and_stay_within_a_unit_of_their_share(
    amount: int, weights: list[int]
) -> None:
    parts = split(amount, weights)

    assert sum(parts) == amount
    assert all(part * amount >= 0 for part in parts)
    if whole := sum(weights):
        assert all(abs(part * whole - amount * weight) < whole for part, weight in zip(parts, weights, strict=True))


@given(amount=AMOUNTS, weights=WEIGHTS)
def test_a_split_of_the_negative_amount_or_over_negative_weights_is_its_mirror(amount: int, weights: list[int]) -> None:
    assert split(-amount, weights) == [-part for part in split(amount, weights)]
    assert split(amount, [-weight for weight in weights]) == split(amount, weights)


@given(weights=WEIGHTS, data=st.data())
def test_no_part_of_a_split_exceeds_its_weight_when_the_amount_does_not_exceed_the_whole(
    weights: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(weights)))

    assert all(part <= weight for part, weight in zip(split(amount, weights), weights, strict=True))


@pytest.mark.parametrize(("weights", "says"), [([], "no weights"), ([1, -1], "both signs"), ([3, 0, -1], "both signs")])
def test_a_split_without_a_proportion_is_refused(weights: list[int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        split(10, weights)


@pytest.mark.parametrize(("currency", "decimals"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("USD", 2), ("ISK", 2)])
def test_each_currency_has_its_own_number_of_decimals(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(123456, "EUR"), "1,234.56 EUR"),
        (Money(-5, "USD"), "-0.05 USD"),
        (Money(123456, "JPY"), "123,456 JPY"),
        (Money(1234, "KWD"), "1.234 KWD"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


def test_money_adds_subtracts_negates_and_compares() -> None:
    five, three = Money(5, "EUR"), Money(3, "EUR")

    assert five + three == Money(8, "EUR")
    assert three - five == Money(-2, "EUR") == -Money(2, "EUR")
    assert three < five
    assert three <= three
    assert not five <= three
    assert five
    assert not Money(0, "EUR")
    assert five.decimal == Decimal("0.05")


def test_money_of_two_currencies_never_meets() -> None:
    with pytest.raises(ValueError, match="different currencies"):
        Money(1, "EUR") + Money(1, "USD")
    with pytest.raises(ValueError, match="different currencies"):
        total([Money(1, "USD")], "EUR")


def test_the_total_of_nothing_is_zero_of_the_named_currency() -> None:
    assert total([], "EUR") == Money(0, "EUR")
    assert total([Money(1, "EUR"), Money(2, "EUR")], "EUR") == Money(3, "EUR")


@pytest.mark.parametrize("minor", [1.0, Decimal(1), True, "1"])
def test_minor_units_that_are_no_integer_are_refused(minor: object) -> None:
    with pytest.raises(TypeError, match="minor units are integers"):
        Money(minor, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "€"])
def test_a_currency_that_is_no_three_capital_letters_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="three capital letters"):
        Money(1, currency)


def test_money_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Money(1, "EUR").minor = 2  # type: ignore[misc]
