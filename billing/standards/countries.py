"""Countries as people type them and as an envelope names them: ISO 3166-1 alpha-2, and CLDR's names by Babel."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LANGUAGES = ("en", "de", "fr", "es")  # those that the studio writes to its clients in
# Languages in which clients may write their own country, looked at when none of ours knows it.
_FURTHER = ("it", "nl", "pt", "da", "sv", "no", "fi", "pl", "cs", "hu", "ro", "el", "tr", "ru", "uk", "ja", "zh", "ko")
_LONGEST_NAME = 100

# ISO 3166-1 alpha-2, and Kosovo: known without Babel, for which a command that only reads a setting has no time.
_ALPHA_2 = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV
    BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES
    ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE
    IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY
    MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU
    NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE
    VG VI VN VU WF WS XK YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_ALPHA_2.split())
# What is said every day and is no name of CLDR's; ISO 3166-1 alpha-3 and the older codes come with Babel.
_EVERYDAY = {
    "uk": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "grossbritannien": "GB", "schottland": "GB", "grande bretagne": "GB",
    "angleterre": "GB", "gran bretana": "GB", "inglaterra": "GB", "us": "US", "america": "US", "amerika": "US",
    "united states of america": "US", "vereinigte staaten von amerika": "US", "etats unis d amerique": "US",
    "estados unidos de america": "US", "eeuu": "US", "republic of ireland": "IE", "eire": "IE", "holland": "NL",
    "hollande": "NL", "holanda": "NL", "bundesrepublik deutschland": "DE", "brd": "DE", "czech republic": "CZ",
    "tschechische republik": "CZ", "republique tcheque": "CZ", "republica checa": "CZ", "slovak republic": "SK",
    "turkey": "TR", "uae": "AE", "emirates": "AE", "ivory coast": "CI", "elfenbeinkuste": "CI", "burma": "MM",
    "hong kong": "HK", "hongkong": "HK", "macau": "MO", "macao": "MO", "swaziland": "SZ", "macedonia": "MK",
    "cape verde": "CV", "east timor": "TL", "republic of korea": "KR", "russian federation": "RU", "viet nam": "VN",
    "vatican": "VA",
}  # fmt: skip
_BETWEEN_WORDS = re.compile(r"(?:[\s\-–,'’&]|\b(?:and|und|et|y)\b)+")
_IN_BRACKETS = re.compile(r"\([^)]*\)")
_ARTICLE = re.compile(r"^(?:the|die|der|le|la|les|los|las|el) ")


def country_code(text: str) -> str | None:
    """The country that is meant, in any case, with or without accents and dots; None of what nobody knows."""
    return _known(text[:_LONGEST_NAME])


@lru_cache(maxsize=1024)
def _known(text: str) -> str | None:
    letters = _letters(text)
    if len(letters) == 2 and letters.upper() in COUNTRIES:
        return letters.upper()
    if len(letters) == 3 and (alpha_2 := _successor(letters.upper())):
        return alpha_2
    key = _key(text)
    return _EVERYDAY.get(key) or _EVERYDAY.get(letters) or _names(LANGUAGES).get(key) or _names(_FURTHER).get(key)


def on_the_envelope(code: str, sender_country: str, reader_language: str) -> str:
    """The country's name as the last line of an address: in capitals, and in a language of the sender's country.

    So the sender's post reads it (Universal Postal Union, addressing: the country of destination). Of several, the
    reader's own; English where the name is not in Latin letters, and the code itself of what is no country.
    """
    from babel import Locale

    for language in (*_spoken_in(sender_country, reader_language), "en"):
        name = str(Locale(language).territories.get(code, code))
        if _is_latin(name):
            return name.upper()
    return code


def _spoken_in(country: str, reader_language: str) -> list[str]:
    from babel.languages import get_official_languages
    from babel.localedata import exists

    reader = reader_language.replace("-", "_").partition("_")[0]
    official = [one for one in get_official_languages(country, de_facto=True) if "_" not in one and exists(one)]
    return [reader, *official] if reader in official else official


def _is_latin(name: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("LATIN") for letter in name if letter.isalpha())


def _successor(code: str) -> str | None:
    """Of an alpha-3 code, the alpha-2 one; None of a country that has become several."""
    from babel.core import get_global

    found = get_global("territory_aliases").get(code, [])
    return found[0] if len(found) == 1 and found[0] in COUNTRIES else None


@lru_cache(maxsize=2)
def _names(languages: tuple[str, ...]) -> dict[str, str]:
    """Key of a name -> code. A name that means two countries, in two languages, means none."""
    from babel import Locale

    meant: dict[str, set[str]] = {}
    for language in languages:
        for code, name in Locale(language).territories.items():
            for key in _keys(str(name)) if code in COUNTRIES else ():
                meant.setdefault(key, set()).add(code)
    return {key: codes.pop() for key, codes in meant.items() if len(codes) == 1}


def _keys(name: str) -> Iterable[str]:
    """Of "Myanmar (Burma)", with and without what is in brackets; of "Österreich" also "oesterreich"."""
    plain = _IN_BRACKETS.sub(" ", name)
    spelled = name.casefold().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"})
    return {_key(name), _key(plain), _key(spelled)}


def _key(text: str) -> str:
    """Small letters without accents, one blank between words, and no article."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in folded if letter not in ".()" and unicodedata.category(letter) != "Mn")
    return _ARTICLE.sub("", " ".join(_BETWEEN_WORDS.split(letters)).strip())


def _letters(text: str) -> str:
    """Of "U. S. A.", "usa"."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())
