"""Names and notes that others wrote, made harmless for a page, a subject and a line of text."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup, escape

_ISOLATE, _POP = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
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


def isolated_html(text: str) -> Markup:
    """For HTML: escaped, in an element of its own direction (WeasyPrint knows no dir="auto")."""
    text = one_line(text)
    if not _has_right_to_left(text):
        return escape(text)
    return Markup('<bdi dir="{}">{}</bdi>').format(direction(text), text)


def _visible(text: str) -> str:
    return "".join(_seen(character) for character in text)


def _seen(character: str) -> str:
    if character in _BIDI_CONTROLS:
        return ""
    # Controls, line and paragraph separators, surrogates: none may reach XML, a header or a line of text.
    return " " if unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") else character


def _has_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
