"""How the ledger's tables are made: one metadata, names for every constraint, STRICT on SQLite."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, Table

from billing.adapters.ledger.columns import BigInt, number

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


def in_order(name: str) -> Column[int]:
    """The row's place in the ledger's own order (adapters.ledger.own_order). Which of two rows came first is told by
    these numbers and never by the instants beside them: a machine's clock may be set back."""
    return number(name, server_default="0")


def sequence(name: str) -> Column[int]:
    return Column(name, BigInt, primary_key=True, autoincrement=True)
