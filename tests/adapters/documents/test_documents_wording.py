from __future__ import annotations

import string
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from document_samples import loose
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.documents.wording import languages, wording_for, words_of
from billing.domain.money import Money

DAY = date(2026, 4, 3)
MONEY = Money(123456789, "EUR")


def fields(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def test_the_house_speaks_at_least_four_languages() -> None:
    assert languages() >= {"en", "de", "fr", "es"}


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_has_all_words_with_the_same_blanks(language: str) -> None:
    words, english = words_of(language), words_of("en")

    assert words.keys() == english.keys()
    assert {key: fields(text) for key, text in words.items()} == {key: fields(text) for key, text in english.items()}
    assert all(text.strip() for text in words.values())


@pytest.mark.parametrize(
    ("tag", "language", "written"),
    [
        ("en", "en", "3 April 2026"),
        ("en_US", "en", "April 3, 2026"),
        ("de", "de", "3. April 2026"),
        ("de_AT", "de", "3. April 2026"),
        ("de-CH", "de", "3. April 2026"),
        ("fr", "fr", "3 avril 2026"),
        ("es", "es", "3 de abril de 2026"),
        ("DE", "de", "3. April 2026"),
        ("de_Nowhere_at_all", "de", "3. April 2026"),
        ("pt_BR", "en", "3 April 2026"),
        ("ja", "en", "3 April 2026"),
        ("", "en", "3 April 2026"),
        ("klingon", "en", "3 April 2026"),
        ("../../etc/passwd", "en", "3 April 2026"),
        ("\u202ede", "de", "3. April 2026"),
    ],
)
def test_a_language_tag_leads_to_words_and_dates_of_one_language(tag: str, language: str, written: str) -> None:
    wording = wording_for(tag)

    assert (wording.language, loose(wording.full_date(DAY))) == (language, written)


@pytest.mark.parametrize(
    ("label", "english", "german"),
    [
        ("Visa ending 4242", "Visa ending 4242", "Visa mit den Endziffern 4242"),
        ("Card ending 42", "card ending 42", "Karte mit den Endziffern 42"),
        ("SEPA debit", "SEPA debit", "SEPA-Lastschrift"),
        ("bank transfer", "bank transfer", "Überweisung"),
        ("PayPal", "PayPal", "PayPal"),
        ("happy ending", "happy ending", "happy ending"),
        ("", "", ""),
    ],
)
def test_a_way_to_pay_is_said_in_the_language_of_the_letter(label: str, english: str, german: str) -> None:
    assert (wording_for("en").method(label), wording_for("de").method(label)) == (english, german)


@given(st.text(max_size=60))
def test_no_language_tag_breaks_a_document(tag: str) -> None:
    assert wording_for(tag).full_date(DAY)


def test_english_is_american_for_an_american_studio() -> None:
    assert loose(wording_for("en", "US").day(DAY)) == "April 3"
    assert loose(wording_for("en", "GB").day(DAY)) == "3 April"
    assert loose(wording_for("en_GB", "US").day(DAY)) == "3 April"


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_date_and_an_amount_are_never_torn_apart_by_a_line_end(language: str) -> None:
    wording = wording_for(language)

    days, amounts = [wording.full_date(DAY), wording.day(DAY)], [wording.money(MONEY), wording.coded(MONEY)]

    assert not [text for text in days + amounts if " " in text]


def test_the_first_of_a_month_is_an_ordinal_in_french_and_no_other_day_is() -> None:
    days = [loose(wording_for("fr").full_date(date(2026, 8, day))) for day in (1, 11, 21, 31)]

    assert days == ["1er août 2026", "11 août 2026", "21 août 2026", "31 août 2026"]
    assert loose(wording_for("fr").day(date(2026, 8, 1))) == "1er août"


def test_no_line_begins_with_a_french_colon() -> None:
    torn = [words for words in words_of("fr").values() for sign in (" :", " ;", " ?", " !") if sign in words]

    assert torn == []
    assert "Photographe\xa0: {name}" in words_of("fr").values()


@pytest.mark.parametrize(
    ("language", "currency", "sign"),
    [("en", "EUR", "€"), ("en_US", "USD", "$"), ("en", "USD", "US$"), ("de", "CHF", "CHF"), ("fr", "CAD", "$CA")],
)
def test_the_head_of_a_column_names_the_currency_as_the_amount_does(language: str, currency: str, sign: str) -> None:
    wording = wording_for(language)

    assert wording.currency_sign(currency) == sign
    assert sign in wording.money(Money(124000, currency))


@pytest.mark.parametrize(
    ("minor", "currency", "language", "money", "amount"),
    [
        (124000, "EUR", "en", "€1,240.00", "1,240.00"),
        (124000, "EUR", "de", "1.240,00\xa0€", "1.240,00"),
        (124000, "EUR", "fr", "1\u202f240,00\xa0€", "1\u202f240,00"),
        (4500000, "JPY", "en", "JP¥4,500,000", "4,500,000"),
        (1234567, "KWD", "en", "KWD\xa01,234.567", "1,234.567"),
        (-1, "EUR", "en", "−€0.01", "−0.01"),
        (-124000, "EUR", "de", "−1.240,00\xa0€", "−1.240,00"),
        (5, "UGX", "en", "UGX\xa05", "5"),
        (500, "HUF", "en", "HUF\xa05.00", "5.00"),
        (10**15, "EUR", "en", "€10,000,000,000,000.00", "10,000,000,000,000.00"),
    ],
)
def test_money_is_written_as_its_language_and_currency_want(
    minor: int, currency: str, language: str, money: str, amount: str
) -> None:
    wording = wording_for(language)

    assert wording.money(Money(minor, currency)) == money
    assert wording.amount(Money(minor, currency)) == amount


def test_a_coded_amount_does_not_break_before_its_currency() -> None:
    assert wording_for("en").coded(Money(124000, "EUR")) == "1,240.00\xa0EUR"


@pytest.mark.parametrize(
    ("quantity", "written"),
    [("1", "1"), ("400.00", "400"), ("1.50", "1.5"), ("1E+3", "1,000"), ("-2", "−2"), ("0.333333", "0.333333")],
)
def test_quantities_have_no_needless_decimals(quantity: str, written: str) -> None:
    assert wording_for("en").quantity(Decimal(quantity)) == written


@pytest.mark.parametrize(
    ("rate", "language", "written"),
    [("0.19", "en", "19%"), ("0.19", "de", "19\xa0%"), ("0.0825", "en_US", "8.25%"), ("0.055", "fr", "5,5\xa0%")],
)
def test_rates_are_percentages_without_needless_decimals(rate: str, language: str, written: str) -> None:
    assert wording_for(language).percent(Decimal(rate)) == written


def test_a_moment_is_told_by_the_readers_own_clock() -> None:
    local = datetime(2026, 3, 3, 14, 5, tzinfo=ZoneInfo("Europe/Berlin"))
    assert loose(wording_for("en").moment(local)) == "3 March 2026, 14:05"


def test_values_are_never_taken_for_words() -> None:
    assert wording_for("en").say("letter.greeting", name="{studio.__class__}") == "Dear {studio.__class__},"
