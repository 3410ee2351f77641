"""One canonical text for a frozen record: sorted keys, no spaces, Decimals and dates as text. Hashes rest on it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


def dumps(value: Any) -> str:
    """Canonical JSON of a dataclass, mapping, sequence or plain value. Floats are refused."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def loads(kind: type[Record], text: str) -> Record:
    """The dataclass `kind` back from its canonical text; `loads(type(x), dumps(x)) == x`."""
    restored: Record = _restore(kind, json.loads(text))
    return restored


def sha256(text: str | bytes) -> str:
    """Hex digest of a text (as UTF-8) or of bytes."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def derived_id(prefix: str, *parts: str) -> str:
    """An id that follows from what it names, so that the same thing found twice has one id."""
    return f"{prefix}_{sha256(chr(31).join(parts))[:24]}"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"a {type(value).__name__} has no canonical text: {value!r}")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Reading a record asks for its types again and again; working them out anew costs more than the reading."""
    return get_type_hints(kind)


def _restore(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _restore(next(arg for arg in get_args(kind) if arg is not type(None)), value)
    if origin is tuple:
        return tuple(_restore(get_args(kind)[0], item) for item in value)
    if origin is dict:
        return {key: _restore(get_args(kind)[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(kind):
        hints = _hints(cast(Any, kind))
        fields: dict[str, Any] = {key: _restore(hints[key], item) for key, item in value.items()}
        return cast(Any, kind)(**fields)
    if kind in (date, datetime):
        return kind.fromisoformat(value)
    if kind is Decimal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind(value)
    return value
