"""Reading one object of Stripe's wire field by field: what is optional may be null or left out, all else is named.

Which fields may be null is Stripe's own word (reference, and the annotations of stripe-python).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from billing.adapters.stripe_gateway.amounts import from_wire
from billing.domain.money import Money

Meaning = TypeVar("Meaning")
_BEYOND_64_BITS = 2**63
_CURRENCY = re.compile(r"[A-Za-z]{3}")


class Malformed(ValueError):
    """An answer that lacks a field that we cannot do without, or has one that means nothing; says which."""


class Shapeless(Exception):
    """An answer that is none at all (a proxy's page, half a body): it says nothing of the object that was asked for."""


class Fields:
    """One object, or nothing where Stripe sent null or an id instead of one. `within` is where it was found."""

    def __init__(self, body: object, within: str = "") -> None:
        self._body: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        self._within = within

    @classmethod
    def of_answer(cls, body: object) -> Fields:
        """The object that an answer or a list consists of."""
        if not isinstance(body, Mapping):
            raise Shapeless("is no object")
        return cls(body)

    def __bool__(self) -> bool:
        """Whether it was sent whole."""
        return bool(self._body)

    def lacks(self, name: str) -> Malformed:
        """What to raise for a field that is missing though it must not be."""
        return Malformed(f"lacks `{self._within}{name}`{self._whose()}")

    def garbles(self, name: str) -> Malformed:
        """What to raise for a field that means nothing to us."""
        shown = str(self._body.get(name))[:40]
        return Malformed(f"has a `{self._within}{name}` that cannot be understood ({shown!r}){self._whose()}")

    def raw(self, name: str) -> Any:
        """The field as it came; None where there is none."""
        return self._body.get(name)

    def text(self, name: str) -> str:
        found = self.text_or_none(name)
        if not found:
            raise self.lacks(name)
        return found

    def text_or_none(self, name: str) -> str | None:
        value = self.raw(name)
        if value is None or isinstance(value, str):
            return value or None
        raise self.garbles(name)

    def whole(self, name: str) -> int:
        value = self.raw(name)
        if value is None:
            raise self.lacks(name)
        if type(value) is not int or abs(value) >= _BEYOND_64_BITS:
            raise self.garbles(name)
        return value

    def flag(self, name: str) -> bool:
        value = self.raw(name)
        if value is None:
            raise self.lacks(name)
        if not isinstance(value, bool):
            raise self.garbles(name)
        return value

    def instant(self, name: str) -> datetime:
        """Seconds since 1970, as Stripe counts time."""
        seconds = self.whole(name)
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, ValueError, OSError):
            raise self.garbles(name) from None

    def instant_or_none(self, name: str) -> datetime | None:
        return None if self.raw(name) is None else self.instant(name)

    def money(self, name: str) -> Money:
        """An amount in this object's own currency."""
        amount, currency = self.whole(name), self.currency()
        try:
            return from_wire(amount, currency)
        except ValueError:
            raise self.garbles(name) from None

    def currency(self) -> str:
        """In capitals, as the domain has it."""
        code = self.text("currency")
        if not _CURRENCY.fullmatch(code):
            raise self.garbles("currency")
        return code.upper()

    def one_of(self, name: str, meanings: Mapping[str, Meaning]) -> Meaning:
        """What Stripe's word means; words that we do not know yet are named rather than guessed at."""
        word = self.text(name)
        if word not in meanings:
            raise self.garbles(name)
        return meanings[word]

    def part(self, name: str) -> Fields:
        """The object inside this one; an empty one where it was not sent whole."""
        return Fields(self.raw(name), f"{self._within}{name}.")

    def several(self, name: str) -> list[Any]:
        """The members of a list, as they came."""
        value = self.raw(name)
        if value is None:
            raise self.lacks(name)
        if not isinstance(value, list):
            raise self.garbles(name)
        return value

    def id_of(self, name: str) -> str | None:
        """The id of what this field names, sent whole or not."""
        value = self.raw(name)
        return self.part(name).text("id") if isinstance(value, Mapping) else self.text_or_none(name)

    def _whose(self) -> str:
        """Of which object, where a list has many."""
        kind, name = self._body.get("object"), self._body.get("id")
        return f" of {kind} {name}" if isinstance(kind, str) and isinstance(name, str) else ""
