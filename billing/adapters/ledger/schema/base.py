"""How the ledger's tables are made: one metadata, names for every constraint, STRICT on SQLite."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Table

from billing.adapters.ledger.columns import BigInt

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def table(name: str, *columns: Any) -> Table:
    return Table(name, metadata, *columns, sqlite_strict=True)


def sequence(name: str) -> Column[int]:
    return Column(name, BigInt, primary_key=True, autoincrement=True)
