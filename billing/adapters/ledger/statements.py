"""The two statements that SQLAlchemy Core does not say the same way for SQLite and PostgreSQL, and short reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert unless a unique key says that it is there; True if a row was added."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    added = dialect.insert(table).values(values).on_conflict_do_nothing().returning(literal_column("1"))
    return connection.execute(added).first() is not None  # on PostgreSQL no row count is told of an insert


def put(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert, or replace what is not the primary key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    statement = dialect.insert(table).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def rows(connection: Connection, query: Select[Any]) -> Sequence[Row[Any]]:
    return connection.execute(query).all()


def first(connection: Connection, query: Select[Any]) -> Row[Any] | None:
    return connection.execute(query).first()
