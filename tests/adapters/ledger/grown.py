"""A ledger that grew: a studio's month as it was lived, and the same month so many times over under other names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select

from billing.adapters.ledger.journal import GENESIS
from billing.adapters.ledger.schema import metadata

# Ids that follow from what they are of, those that the fakes count, and the numbers of invoices.
_NAME = re.compile(
    r"(?<=_)[0-9a-f]{24}\b|\b[0-9a-f]{32}\b|\bjob\d+[a-z]?\b|\b(?:pi|plink|evt|txn|re|dp|po|ch)_\d+\b|\bvscopay\d+\b"
    r"|\b(?:command|credited|written_off):\d+\b|(?<=\bINV-2026-)\d+"
)
# Numbers that go on from one month to the next: of one column, or of several that count together.
_COUNTED_TOGETHER = (
    ("source_records.record_id", "record_links.linked_from", "record_links.gone_after", "invoices.record_horizon"),
    ("invoices.sequence",),
    ("journal_transactions.seq",),
    ("domain_events.seq",),
    (
        "journal_transactions.ledger_seq", "domain_events.ledger_seq", "effects.intended_seq", "grants.granted_seq",
        "grants.revoked_seq", "consents.recorded_seq", "consents.revoked_seq", "pay_links.made_seq",
    ),
)  # fmt: skip
_CHAINS = ("journal_transactions", "domain_events")


class Month:
    """The rows of a ledger, from which larger ones are made."""

    def __init__(self, source: Engine) -> None:
        with source.connect() as connection, connection.begin():
            self._rows = {
                table: [dict(row) for row in connection.execute(select(table)).mappings()]
                for table in metadata.sorted_tables
            }
            self._last = _last_numbers(connection)

    def write(self, connection: Connection, first: int, until: int) -> None:
        """The months from `first` to before `until`: month 0 as it was, the others under names of their own."""
        for table, rows in self._rows.items():
            again = [again for copy in range(first, until) for row in rows for again in self._copy(table, row, copy)]
            if again:
                connection.execute(table.insert(), again)

    def _copy(self, table: Table, row: Mapping[str, Any], copy: int) -> Iterator[dict[str, Any]]:
        """What is there once for a whole studio is not there twice in a larger one."""
        is_of_one = any(isinstance(value, str) and _NAME.search(value) for value in row.values())
        if copy == 0 or (is_of_one and table.name != "cursors"):
            yield {
                name: _again(f"{table.name}.{name}", value, copy, self._last) if copy else value
                for name, value in row.items()
                if table.c[name].autoincrement is not True
            }


def _last_numbers(connection: Connection) -> dict[str, Any]:
    """The newest number of each column that counts, and the newest hash of each chain."""
    last: dict[str, Any] = {}
    for together in _COUNTED_TOGETHER:
        columns = [metadata.tables[table].c[column] for table, column in (name.split(".") for name in together)]
        highest = max(connection.execute(select(func.max(column))).scalar() or 0 for column in columns)
        last |= dict.fromkeys(together, highest)
    for table in (metadata.tables[name] for name in _CHAINS):
        last[table.name] = connection.execute(select(table.c.hash).order_by(table.c.seq.desc()).limit(1)).scalar()
    return last


def _again(column: str, value: Any, copy: int, last: Mapping[str, Any]) -> Any:
    if column in last and value is not None:
        return value + copy * last[column]
    if value == GENESIS:
        return last[column.partition(".")[0]]
    return _NAME.sub(lambda found: _other(found[0], copy), value) if isinstance(value, str) else value


def _other(name: str, copy: int) -> str:
    if name.isdecimal():
        return f"{int(name) + 1000 * copy:04d}"
    return f"{name[:-5]}{copy:05x}" if len(name) in (24, 32) else f"{name}x{copy}"
