"""Tables on a terminal: columns that line up for every script, money to the right, nothing that must be scrolled."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

WIDEST = 34
_CONTROL = {"Cc", "Cf", "Zl", "Zp"}


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """The rows under their headings; cells that are too wide end in an ellipsis, all but those of the last column."""
    last = len(headings) - 1
    cells = [[_cell(text, None if at == last else WIDEST) for at, text in enumerate(row)] for row in rows]
    widths = [max(map(width, column)) for column in zip(headings, *cells, strict=True)]
    lines = [headings, ["-" * wide for wide in widths], *cells]
    return "\n".join(
        "  ".join(
            _pad(text, wide, heading in right) for text, wide, heading in zip(line, widths, headings, strict=True)
        ).rstrip()
        for line in lines
    )


def width(text: str) -> int:
    """How many columns a terminal takes for the text: East Asian letters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def printable(text: str) -> str:
    """Without control characters: a name from outside must not move the cursor or turn the line around."""
    return "".join(" " if unicodedata.category(letter) in _CONTROL else letter for letter in text)


def _cell(text: str, widest: int | None) -> str:
    text = printable(text)
    if widest is None or width(text) <= widest:
        return text
    kept = ""
    for letter in text:
        if width(kept + letter) > widest - 1:
            break
        kept += letter
    return kept + "…"


def _pad(text: str, wide: int, to_right: bool) -> str:
    space = " " * (wide - width(text))
    return space + text if to_right else text + space
