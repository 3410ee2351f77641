"""Column types that mean the same in SQLite's STRICT tables and in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator

BigInt = BigInteger().with_variant(Integer, "sqlite")


class Instant(TypeDecorator[datetime]):
    """A UTC instant as text of fixed width, so that text order is time order in every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value!r}")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


class Day(TypeDecorator[date]):
    """A date in the studio's time zone, as ISO text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


def text(name: str, *constraints: SchemaItem, **more: Any) -> Column[str]:
    return Column(name, Text, *constraints, nullable=more.pop("nullable", False), **more)


def number(name: str, **more: Any) -> Column[int]:
    return Column(name, BigInt, nullable=more.pop("nullable", False), **more)


def instant(name: str, **more: Any) -> Column[datetime]:
    return Column(name, Instant, nullable=more.pop("nullable", False), **more)


def day(name: str, **more: Any) -> Column[date]:
    return Column(name, Day, nullable=more.pop("nullable", False), **more)


def content(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)
