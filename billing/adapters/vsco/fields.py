"""Reading one raw object field by field. Whatever is not as specified ends in `malformed_record`, never in a crash."""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.adapters.vsco import jsontext
from billing.adapters.vsco.plaintext import one_line
from billing.domain.errors import PermanentError
from billing.domain.lengths import NAME_MAX, VALUE_MAX, shortened
from billing.ports.outside import RawRecord

_ULID = re.compile(r"[0-9a-z]{26}", re.ASCII)
_MOST_DECIMALS = 20
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def is_id(value: Any) -> bool:
    """Whether this is an entity identifier: a lower-case ULID (schema Id)."""
    return isinstance(value, str) and _ULID.fullmatch(value) is not None


def parse_instant(value: Any) -> datetime | None:
    """A date-time of the wire, which is always UTC (schema ServerTimestamp); None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class Fields:
    """One object of the wire. `of` says which one in errors: "order 01h… of job 01h…".

    `cut` gathers, for this object and all inside it, a sentence on each text that is shown in short.
    """

    def __init__(self, body: Any, of: str, cut: list[str] | None = None) -> None:
        self.of = of
        self.cut: list[str] = [] if cut is None else cut
        if not isinstance(body, dict):
            raise PermanentError("malformed_record", f"VSCO Workspace sent a {of} that is no object; {_ADVICE}")
        self._body: dict[str, Any] = body

    @classmethod
    def of_record(cls, record: RawRecord, job_id: str = "", cut: list[str] | None = None) -> Fields:
        """The object in a raw record's body."""
        of = f"{record.kind} {record.source_id}" + (f" of job {job_id}" if job_id else "")
        try:
            return cls(jsontext.parse(record.body), of, cut)
        except ValueError:
            body = None
        return cls(body, of)

    def wrong(self, name: str, why: str) -> PermanentError:
        return PermanentError("malformed_record", f"The {self.of} has a `{name}` that {why}; {_ADVICE}")

    def raw(self, name: str) -> Any:
        return self._body.get(name)

    def items(self) -> ItemsView[str, Any]:
        return self._body.items()

    def id(self, name: str = "id") -> str:
        found = self.id_or_none(name)
        if found is None:
            raise self.wrong(name, "is missing")
        return found

    def id_or_none(self, name: str) -> str | None:
        value = self.raw(name)
        if value is None or is_id(value):
            return value or None
        raise self.wrong(name, "is no identifier")

    def text(self, name: str) -> str:
        """One clean line, for us and no page: what is beyond all use is left off. Empty if there is none."""
        return one_line(self.raw_text(name)[:VALUE_MAX])

    def shown(self, name: str, most: int = NAME_MAX) -> str:
        """One clean line for people to read; empty if there is none."""
        return self.in_short(name, one_line(self.raw_text(name)), most)

    def in_short(self, name: str, text: str, most: int) -> str:
        """A text of this field with at most so many characters; that it is cut is noted."""
        if len(text) > most:
            self.cut.append(f"The {self.of} has a `{name}` of {len(text):,} characters; the first {most:,} are used.")
        return shortened(text, most)

    def whole(self, name: str, most: int) -> str:
        """One clean line that would be another if it were cut: an address, a key."""
        if len(self.raw_text(name)) > most:
            raise self.wrong(name, f"is longer than {most:,} characters")
        return self.text(name)

    def raw_text(self, name: str) -> str:
        value = self.raw(name)
        if value is None or isinstance(value, str):
            return value or ""
        raise self.wrong(name, "is no text")

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        raise self.wrong(name, "is neither true nor false")

    def one_of(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.raw(name)
        found = default if value is None else value
        if isinstance(found, str) and found in allowed:
            return found
        raise self.wrong(name, f"is none of {', '.join(allowed)}")

    def date(self, name: str) -> date | None:
        """A day in the studio's or the event's time zone (schema Date)."""
        value = self.raw(name)
        if value is None:
            return None
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise self.wrong(name, "is no date")

    def instant(self, name: str) -> datetime | None:
        value = self.raw(name)
        found = parse_instant(value)
        if found is None and value is not None:
            raise self.wrong(name, "is no moment in time")
        return found

    def number(self, name: str, low: int, high: int) -> Decimal | None:
        """A JSON number within bounds, exact."""
        value = self.raw(name)
        if value is None:
            return None
        if type(value) is int or isinstance(value, jsontext.ExactNumber):
            number = Decimal(value)
            if not low <= number <= high:
                raise self.wrong(name, f"is not between {low} and {high}")
            if number.as_tuple().exponent < -_MOST_DECIMALS:  # type: ignore[operator]  # JSON has no NaN
                raise self.wrong(name, f"has more than {_MOST_DECIMALS} decimals")
            return number
        raise self.wrong(name, "is no number")

    def parts(self, name: str, what: str) -> Iterator[Fields]:
        """The objects of a list; none if there is no list."""
        value = self.raw(name)
        if value is not None and not isinstance(value, list):
            raise self.wrong(name, "is no list")
        for part in value or []:
            yield Fields(part, f"{what} of {self.of}", self.cut)

    def part(self, name: str) -> Fields | None:
        """The object inside this one, if it is there."""
        value = self.raw(name)
        return None if value is None else Fields(value, f"{name} of {self.of}", self.cut)


_ADVICE = "open it in VSCO Workspace, correct and save it, and it will be read again."
