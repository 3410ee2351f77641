"""The ledger's own order: one number for all that is compared by before and after.

Writers are serialized, so the numbers rise in the order of the transactions, and within one in the order of its
statements. A number may be left out; none is given twice.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Executable, bindparam, case
from sqlalchemy.dialects import postgresql, sqlite

from billing.adapters.ledger.schema import ledger_clock

LEDGER = "ledger"

_NOW = bindparam("now", type_=ledger_clock.c.latest_at.type)


def next_number(connection: Connection, now: datetime) -> int:
    """The next place in the order. That the machine's clock has shown `now` is kept with it."""
    return int(connection.execute(_NEXT[connection.dialect.name], {"now": now}).scalar_one())


def _next(insert: type[sqlite.Insert] | type[postgresql.Insert]) -> Executable:
    first = insert(ledger_clock).values(name=LEDGER, seq=1, latest_at=_NOW)
    later = {
        "seq": ledger_clock.c.seq + 1,
        "latest_at": case((ledger_clock.c.latest_at < _NOW, _NOW), else_=ledger_clock.c.latest_at),
    }
    return first.on_conflict_do_update(index_elements=["name"], set_=later).returning(ledger_clock.c.seq)


_NEXT = {"sqlite": _next(sqlite.Insert), "postgresql": _next(postgresql.Insert)}
