"""Addresses and languages as people typed them, as lines of an envelope and in BCP 47."""

from __future__ import annotations

from functools import lru_cache

from billing.adapters.vsco.fields import Fields
from billing.adapters.vsco.plaintext import one_line
from billing.domain.lengths import ADDRESS_LINE_MAX, ADDRESS_LINES_MAX, TEXT_MAX

_FILLED = ("streetAddress", "village", "city", "postalCode")
_CITY_FIRST = frozenset({"US", "CA", "AU"})  # "Portland, OR 97201"; most others write "10115 Berlin"
_CITY_ABOVE = frozenset({"GB", "IE"})  # the post code stands on a line of its own
# Languages whose own names are understood too ("Deutsch"); English names are understood for all.
_OWN_NAMES = frozenset(
    {"ar", "cs", "da", "de", "el", "es", "fi", "fr", "he", "hu", "it", "ja", "ko", "nl", "no", "pl", "pt", "ro", "ru"}
    | {"sv", "tr", "uk", "zh"}
)


def is_filled(address: Fields) -> bool:
    return any(address.text(name) for name in _FILLED)


def address_lines(address: Fields, country: str | None) -> tuple[str, ...]:
    """Street, village, city line; without name and country, which the client has of their own.

    A country that nobody knows is a line like the others: it may be a region, or a name that the post understands.
    """
    unknown = "" if country else _shown(address, "country")
    below = [line for line in (_shown(address, "village"), *_city_lines(address, country), unknown) if line]
    return (*_street(address, ADDRESS_LINES_MAX - len(below)), *below)


def _street(address: Fields, most: int) -> list[str]:
    text = address.in_short("streetAddress", address.raw_text("streetAddress"), TEXT_MAX)
    lines = [address.in_short("streetAddress", one_line(line), ADDRESS_LINE_MAX) for line in text.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > most:
        address.cut.append(f"The {address.of} has {len(lines)} lines of a street; the first {most} are used.")
    return lines[:most]


def _shown(address: Fields, name: str) -> str:
    return address.shown(name, ADDRESS_LINE_MAX)


def _city_lines(address: Fields, country: str | None) -> list[str]:
    city, state, code = (_shown(address, name) for name in ("city", "state", "postalCode"))
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
    parts = (address.shown("streetAddress"), address.shown("city"))
    return address.shown("name") or ", ".join(part for part in parts if part) or None


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
def _languages() -> dict[str, str]:
    from babel import Locale

    known = {str(name).casefold(): code for code, name in Locale("en").languages.items() if code.isalpha()}
    own = {str(Locale(code).get_language_name(code)).casefold(): code for code in _OWN_NAMES}
    return known | own
