"""Addresses, countries and languages as people typed them, in ISO 3166-1 and BCP 47."""

from __future__ import annotations

from functools import lru_cache

from billing.adapters.vsco.fields import Fields
from billing.adapters.vsco.plaintext import one_line

_FILLED = ("streetAddress", "village", "city", "postalCode")
_CITY_FIRST = frozenset({"US", "CA", "AU"})  # "Portland, OR 97201"; most others write "10115 Berlin"
_CITY_ABOVE = frozenset({"GB", "IE"})  # the post code stands on a line of its own
_EVERYDAY = {"uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "usa": "US", "america": "US"}
# Languages whose own names are understood too ("Deutsch"); English names are understood for all.
_OWN_NAMES = frozenset(
    {"ar", "cs", "da", "de", "el", "es", "fi", "fr", "he", "hu", "it", "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru"}
    | {"sv", "tr", "uk", "zh"}
)


def is_filled(address: Fields) -> bool:
    return any(address.text(name) for name in _FILLED)


def address_lines(address: Fields, country: str | None) -> tuple[str, ...]:
    """Street, village, city line; without name and country, which the client has of their own."""
    street = [one_line(line) for line in address.raw_text("streetAddress").splitlines()]
    lines = [*street, address.text("village"), *_city_lines(address, country)]
    return tuple(line for line in lines if line)


def _city_lines(address: Fields, country: str | None) -> list[str]:
    city, state, code = address.text("city"), address.text("state"), address.text("postalCode")
    if country in _CITY_FIRST:
        return [", ".join(part for part in (city, f"{state} {code}".strip()) if part)]
    if country in _CITY_ABOVE:
        return [city, state, code]
    return [", ".join(part for part in (f"{code} {city}".strip(), state) if part)]


def place_name(location: Fields | None) -> str | None:
    """Where the session was: the place's own name, else street and city."""
    address = location.part("address") if location else None
    if address is None:
        return None
    parts = (address.text("streetAddress"), address.text("city"))
    return address.text("name") or ", ".join(part for part in parts if part) or None


def country_code(text: str) -> str | None:
    """ISO 3166-1 alpha-2. The specification allows two letters only; an English country name is understood as well."""
    names = _territories()
    wanted = text.casefold()
    if len(text) == 2 and text.upper() in names.values():
        return text.upper()
    return _EVERYDAY.get(wanted) or names.get(wanted)


def language_tag(text: str) -> str | None:
    """A BCP 47 tag, "de" or "pt-BR", from a tag or a language's name; None for what is neither."""
    from babel import Locale, UnknownLocaleError

    if found := _languages().get(text.casefold()):
        return found
    try:
        locale = Locale.parse(text.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return None
    return "-".join(part for part in (locale.language, locale.script, locale.territory) if part) if text else None


@lru_cache(maxsize=1)
def _territories() -> dict[str, str]:
    from babel import Locale

    named = Locale("en").territories.items()
    return {str(name).casefold(): code for code, name in named if len(code) == 2 and code.isalpha() and code != "ZZ"}


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    from babel import Locale

    known = {str(name).casefold(): code for code, name in Locale("en").languages.items() if code.isalpha()}
    own = {str(Locale(code).get_language_name(code)).casefold(): code for code in _OWN_NAMES}
    return known | own
