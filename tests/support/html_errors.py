"""Judging a page as a browser would: by the parser of the HTML standard, which notes each of its parse errors."""

from __future__ import annotations

from typing import Any

from tinyhtml5.parser import HTMLParser  # WeasyPrint's


def errors_in(text: str) -> list[Any]:
    """(place, code) of each; none, if it begins with a doctype and is well-formed."""
    parser = HTMLParser()
    parser.parse(text)
    return [(place, code) for place, code, *_ in parser.errors]
