"""The two statements that SQLAlchemy Core does not say the same way for SQLite and PostgreSQL, and short reads.

A statement is made once, when its module is imported or at its first use, and filled with values each time it is run:
to put one together takes three to six times as long as to run it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Row, Select, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert unless a unique key says that it is there; True if a row was added."""
    added = connection.execute(_insert_once(connection.dialect.name, table), values)
    return added.first() is not None  # on PostgreSQL no row count is told of an insert


def put(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert, or replace what is not the primary key."""
    connection.execute(_put(connection.dialect.name, table, tuple(values)), values)


def insert(connection: Connection, table: Table, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Insert one row or several; none of them may be there."""
    connection.execute(_insert(table), values)


def change(connection: Connection, statement: Executable, **values: Any) -> int:
    """Run an update; how many rows it changed."""
    return connection.execute(statement, values).rowcount


def rows(connection: Connection, query: Select[Any], **values: Any) -> Sequence[Row[Any]]:
    return connection.execute(query, values).all()


def first(connection: Connection, query: Select[Any], **values: Any) -> Row[Any] | None:
    return connection.execute(query, values).first()


@cache
def _insert(table: Table) -> Executable:
    return table.insert()


@cache
def _insert_once(dialect: str, table: Table) -> Executable:
    added: Executable = _of(dialect).insert(table).on_conflict_do_nothing().returning(literal_column("1"))
    return added


@cache
def _put(dialect: str, table: Table, names: tuple[str, ...]) -> Executable:
    added, keys = _of(dialect).insert(table), [column.name for column in table.primary_key]
    rest = {name: added.excluded[name] for name in names if name not in keys}
    replaced: Executable = added.on_conflict_do_update(index_elements=keys, set_=rest)
    return replaced


def _of(dialect: str) -> Any:
    return postgresql if dialect == "postgresql" else sqlite
