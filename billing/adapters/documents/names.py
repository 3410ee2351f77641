"""Names and notes that others wrote, made harmless for a page, a subject and a line of text."""

from __future__ import annotations

import re
import unicodedata

from markupsafe import Markup, escape

_ISOLATE, _POP = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_KANA, _HANGUL, _BOPOMOFO = (
    re.compile("[\u3040-\u30ff]"),
    re.compile("[\u1100-\u11ff\uac00-\ud7af]"),
    re.compile("[\u3100-\u312f]"),
)
_HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WRITES_HAN = {
    "CN": "zh-Hans",
    "SG": "zh-Hans",
    "TW": "zh-Hant",
    "HK": "zh-Hant",
    "MO": "zh-Hant",
    "JP": "ja",
    "KR": "ko",
}
# Longer than any word or address. WeasyPrint lays out all that follows once for each line of a word that it must break:
# 200,000 characters took eleven minutes. With places to break they take seconds.
_ENDLESS_WORD = re.compile(r"\S{200,}")
_PIECE = 10  # characters; a line is filled up to less than a piece
_MAY_BREAK = "\N{ZERO WIDTH SPACE}"
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """One line without control or direction characters, so that a name cannot start a header, a paragraph or a page."""
    return " ".join(_visible(text).split())


def lines(text: str) -> list[str]:
    """The lines of a longer text, each made harmless; blank ones at the ends are dropped."""
    return [one_line(line) for line in text.strip().splitlines()]


def direction(text: str) -> str:
    """ "rtl" or "ltr" by the first strong character, as dir="auto" would decide."""
    for character in text:
        bidi = unicodedata.bidirectional(character)
        if bidi in ("R", "AL"):
            return "rtl"
        if bidi == "L":
            return "ltr"
    return "ltr"


def isolated(text: str) -> str:
    """For plain text: a name that runs right to left may not turn the words around it."""
    text = one_line(text)
    return f"{_ISOLATE}{text}{_POP}" if _has_right_to_left(text) else text


def breakable(text: str) -> str:
    """With places to break in what is longer than any word, so that setting it takes time in proportion."""
    return _ENDLESS_WORD.sub(_in_pieces, text)


def isolated_html(text: str, country: str | None = None) -> Markup:
    """For HTML: escaped, in an element of its own direction (WeasyPrint knows no dir="auto") and its own language.

    Chinese, Japanese and Korean write some of the same characters differently; where the name does not say which it is,
    the client's country does.
    """
    text = one_line(text)
    language, written = _east_asian(text, country), breakable(text)
    if _has_right_to_left(text):
        return Markup('<bdi dir="{}">{}</bdi>').format(direction(text), written)
    return Markup('<span lang="{}">{}</span>').format(language, written) if language else escape(written)


def _in_pieces(word: re.Match[str]) -> str:
    return _MAY_BREAK.join(word[0][start : start + _PIECE] for start in range(0, len(word[0]), _PIECE))


def _east_asian(text: str, country: str | None) -> str | None:
    """The language of a name in Chinese, Japanese or Korean, as HTML names it; None where nothing says which."""
    if text.isascii():
        return None
    for script, language in ((_KANA, "ja"), (_HANGUL, "ko"), (_BOPOMOFO, "zh-Hant")):
        if script.search(text):
            return language
    return _WRITES_HAN.get(country or "") if _HAN.search(text) else None


def _visible(text: str) -> str:
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character in _BIDI_CONTROLS:
        return ""
    # Controls, line and paragraph separators, surrogates: none may reach XML, a header or a line of text.
    return " " if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") else character


def _has_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
