"""What the published file says of the journal, to be held against the ledger itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path


def published_totals(path: Path) -> dict[tuple[str, str], tuple[int, int]]:
    """(entries, balance in minor units) by account and currency, from the mart `ledger_totals` of a published file."""
    import duckdb

    # Attached to a database in memory, not connected to: DuckDB keeps one instance a path, and while another thread
    # still has the file open that stood there before the last publish, `connect` would answer from that one.
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute(f"attach '{str(path).replace(chr(39), chr(39) * 2)}' as published (read_only)")
        rows = connection.execute(
            "select account, currency, entries, balance_minor from published.ledger_totals"
        ).fetchall()
    return {(account, currency): (int(entries), int(minor)) for account, currency, entries, minor in rows}
