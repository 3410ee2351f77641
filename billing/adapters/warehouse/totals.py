"""What the published file says of the journal, to be held against the ledger itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path


def published_totals(path: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """(entries, balance in minor units) by account and currency, from the mart `ledger_totals` of a published file."""
    import duckdb

    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        rows = connection.execute("select account, currency, entries, balance_minor from ledger_totals").fetchall()
    return {(account, currency): (int(entries), int(minor)) for account, currency, entries, minor in rows}
