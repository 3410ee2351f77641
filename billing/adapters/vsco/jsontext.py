"""JSON in and out without losing a digit: a number with a fraction keeps the text that the maker sent."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any


class ExactNumber(Decimal):
    """A JSON number with a fraction or an exponent, as a Decimal that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> ExactNumber:
        number = super().__new__(cls, text)
        number.text = text
        return number


def parse(text: str | bytes) -> Any:
    """Objects, lists, text, int, bool, None and ExactNumber. ValueError for all that is no JSON, NaN included."""
    try:
        return json.loads(text, parse_float=ExactNumber, parse_constant=_refuse)
    except (InvalidOperation, RecursionError) as error:
        raise ValueError("a number or a nesting beyond all bounds") from error


def canonical(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, numbers as they were sent.

    Half of a surrogate pair, which JSON can spell and UTF-8 cannot, becomes a question mark.
    """
    try:
        return _dump(value).encode("utf-8", "replace").decode()
    except RecursionError as error:
        raise ValueError("a nesting beyond all bounds") from error


def _dump(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_plain(name)}:{_dump(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dump(item) for item in value) + "]"
    if isinstance(value, ExactNumber):
        return value.text
    return _plain(value)


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
