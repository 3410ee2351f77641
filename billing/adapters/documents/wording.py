"""Words, money and dates as the client reads them: one language for the sentences and the figures around them."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import NumberPattern, format_decimal, get_currency_symbol

from billing.domain.money import Money, exponent

WORDS = Path(__file__).parent / "words"
FALLBACK = "en"
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9_]")
_LONGEST_TAG = 35  # RFC 5646, section 4.4.1: no sensible tag is longer
_CODE_AT_FIGURE = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_MINUS = "\N{MINUS SIGN}"
_FIXED = "\N{NO-BREAK SPACE}"
_BEFORE_FRENCH_SIGN = re.compile(" (?=[:;?!»%])")  # "Facture 12 : ...", which no line end may tear apart
_CARD = re.compile(r"(.+) ending (\d{2,4})")


@dataclass(frozen=True)
class Wording:
    """What the studio says in one language, and how that language writes amounts and dates."""

    language: str
    locale: Locale
    words: Mapping[str, str]

    @property
    def tag(self) -> str:
        """The language as HTML and PDF name it: "pt-BR"."""
        return str(self.locale).replace("_", "-")

    def say(self, key: str, **values: str) -> str:
        """The words under `section.key`; only the words are a template, never the values."""
        return self.words[key].format_map(values) if values else self.words[key]

    def money(self, money: Money) -> str:
        """With the currency as the language writes it: "€1,240.00", "1.240,00 €"."""
        text = self._figures(money, "currency", money.currency)
        return _CODE_AT_FIGURE.sub(_FIXED, text)  # CLDR's alphaNextToNumber: "CHF 5", but "$5"

    def amount(self, money: Money) -> str:
        """Without the currency, for columns that name it in their head: "1,240.00"."""
        return self._figures(money, "decimal")

    def coded(self, money: Money) -> str:
        """With the currency's code, for subjects and sentences: "1,240.00 EUR", never torn apart by a line end."""
        return f"{self.amount(money)}{_FIXED}{money.currency}"

    def currency_sign(self, currency: str) -> str:
        """The currency as `money` writes it, for the head of a column: "€", "US$", "KWD"."""
        return str(get_currency_symbol(currency, locale=self.locale))

    def full_date(self, day: date) -> str:
        """Written out, with the year: "3 April 2026", which stays on one line."""
        return self._in_one_piece(day, format_date(day, "long", locale=self.locale))

    def day(self, day: date) -> str:
        """Written out, without the year: "3 April", which stays on one line."""
        return self._in_one_piece(day, format_skeleton("MMMMd", day, locale=self.locale))

    def moment(self, local: datetime) -> str:
        """A moment by the reader's own clock: "3 April 2026, 14:05"."""
        return f"{self.full_date(local.date())}, {local:%H:%M}"

    def quantity(self, quantity: Decimal) -> str:
        """Without needless decimals: "2", "1.5"."""
        return format_decimal(quantity.normalize(), "#,##0.######", locale=self.locale).replace("-", _MINUS)

    def percent(self, rate: Decimal) -> str:
        """A fraction as a percentage without needless decimals: 0.19 is "19%" or "19 %"."""
        return str(_pattern(self.locale, "percent", 0, 4).apply(rate, self.locale)).replace("-", _MINUS)

    def method(self, label: str) -> str:
        """A way to pay as the ledger notes it ("Visa ending 4242", "SEPA debit", "cheque"); what is not known stays."""
        if card := _CARD.fullmatch(label):
            return self.say("method.ending", name=self.method(card[1]), digits=card[2])
        return self.words.get(f"method.{label.lower().replace(' ', '_')}", label)

    def _in_one_piece(self, day: date, written: str) -> str:
        if self.language == "fr" and day.day == 1:  # the one ordinal among French dates, which CLDR does not write
            written = written.replace("1 ", "1er ", 1)
        return written.replace(" ", _FIXED)

    def _figures(self, money: Money, kind: str, currency: str | None = None) -> str:
        decimals = exponent(money.currency)
        pattern = _pattern(self.locale, kind, decimals, decimals)
        text = pattern.apply(money.decimal, self.locale, currency=currency, currency_digits=False)
        return str(text).replace("-", _MINUS)


def wording_for(language: str, country: str | None = None) -> Wording:
    """The wording for a language tag ("de", "de_AT", "pt-BR"); English where the application has no words for it.

    English without a region is American for a studio in the United States and international elsewhere, because
    "April 3" and "3 April" are both right, but not for the same reader.
    """
    return _wording(_safe_tag(language), country)


@lru_cache(maxsize=256)
def _wording(tag: str, country: str | None) -> Wording:
    locale = _locale(tag)
    if locale is None or locale.language not in languages():
        locale = Locale.parse(FALLBACK)
    if locale.language == FALLBACK and locale.territory is None:
        locale = Locale.parse("en_US" if country == "US" else "en_001")
    return Wording(locale.language, locale, words_of(locale.language))


def _safe_tag(language: str) -> str:
    return _NOT_IN_A_TAG.sub("", language.replace("-", "_"))[:_LONGEST_TAG]


def _locale(tag: str) -> Locale | None:
    for candidate in (tag, tag.partition("_")[0]):
        try:
            return Locale.parse(candidate)
        except (ValueError, UnknownLocaleError, TypeError, AttributeError):
            continue  # Babel answers odd tags with any of these; the next candidate is plainer
    return None


@cache
def languages() -> frozenset[str]:
    """The languages the application has words for."""
    return frozenset(path.stem for path in WORDS.glob("*.toml"))


@cache
def words_of(language: str) -> Mapping[str, str]:
    """All words of one language as `section.key`."""
    sections: dict[str, dict[str, Any]] = tomllib.loads((WORDS / f"{language}.toml").read_text(encoding="utf-8"))
    found = {f"{name}.{key}": words for name, section in sections.items() for key, words in section.items()}
    if language == "fr":
        return {key: _BEFORE_FRENCH_SIGN.sub(_FIXED, words) for key, words in found.items()}
    return found


@lru_cache(maxsize=256)
def _pattern(locale: Locale, kind: str, least_decimals: int, most_decimals: int) -> NumberPattern:
    # The ledger's exponent decides, not CLDR's: they differ for a few currencies, and a digit too few is a wrong sum.
    patterns = {
        "currency": locale.currency_formats["standard"],
        "decimal": locale.decimal_formats[None],
        "percent": locale.percent_formats[None],
    }
    pattern: NumberPattern = copy.copy(patterns[kind])
    pattern.frac_prec = (least_decimals, most_decimals)
    return pattern
