"""Where the sandbox keeps its world: one SQLite file, so that a restart loses nothing.

It uses Python's own sqlite3: the sandbox is the other side of the wire and shares no driver with the ledger.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Body = dict[str, Any]

_SCHEMA = """
create table if not exists objects (
    seq integer primary key autoincrement,
    kind text not null, id text not null, parent text, body text not null,
    unique (kind, id)
);
create index if not exists objects_by_parent on objects (kind, parent);
create index if not exists objects_by_age on objects (kind, seq);
create table if not exists effects (
    seq integer primary key autoincrement,
    kind text not null, subject text not null, at text not null, detail text not null
);
create index if not exists effects_by_kind on effects (kind);
create table if not exists settings (name text primary key, value text not null);
"""


class Store:
    """Objects by (kind, id), newest first in lists, and an append-only count of every effect."""

    def __init__(self, path: Path | str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(str(path), check_same_thread=False, isolation_level=None)
        self._db.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + _SCHEMA)
        self._depth = 0

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes of one request together; nested calls join the outer one."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("begin immediate")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("rollback")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("commit")

    def put(self, kind: str, id_: str, body: Body, parent: str | None = None) -> Body:
        """Insert or replace; an object keeps the place in its list that it was first given."""
        with self.transaction():
            self._db.execute(
                "insert into objects (kind, id, parent, body) values (?, ?, ?, ?) on conflict (kind, id) do update"
                " set body = excluded.body, parent = coalesce(excluded.parent, objects.parent)",
                (kind, id_, parent, json.dumps(body)),
            )
        return body

    def get(self, kind: str, id_: str) -> Body | None:
        with self._lock:
            row = self._db.execute("select body from objects where kind = ? and id = ?", (kind, id_)).fetchone()
        return json.loads(row[0]) if row else None

    def delete(self, kind: str, id_: str) -> None:
        with self.transaction():
            self._db.execute("delete from objects where kind = ? and id = ?", (kind, id_))

    def newest(self, kind: str, parent: str | None = None, *, limit: int = -1, offset: int = 0) -> list[Body]:
        """All objects of a kind (of one parent, if given), newest first."""
        where, values = ("kind = ?", [kind]) if parent is None else ("kind = ? and parent = ?", [kind, parent])
        with self._lock:
            rows = self._db.execute(
                f"select body from objects where {where} order by seq desc limit ? offset ?",  # noqa: S608 - constant text
                [*values, limit, offset],
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def count(self, kind: str) -> int:
        with self._lock:
            found: int = self._db.execute("select count(*) from objects where kind = ?", (kind,)).fetchone()[0]
        return found

    def select(
        self,
        kind: str,
        *,
        equal: Mapping[str, object] | None = None,
        order_by: str = "id",
        descending: bool = False,
        limit: int = -1,
        offset: int = 0,
        parent: str | None = None,
    ) -> tuple[list[Body], int]:
        """One page of a kind, sorted by a field of its body, filtered by values; and how many there are in all."""
        where = "kind = ? and (? is null or parent = ?)"
        values: list[object] = [kind, parent, parent]
        for field, value in (equal or {}).items():
            where, values = where + " and json_extract(body, ?) is ?", [*values, f"$.{field}", value]
        way = "desc" if descending else "asc"
        with self._lock:
            total = self._db.execute(f"select count(*) from objects where {where}", values).fetchone()[0]  # noqa: S608
            rows = self._db.execute(
                f"select body from objects where {where} order by json_extract(body, ?) {way}, seq {way}"  # noqa: S608
                " limit ? offset ?",
                [*values, f"$.{order_by}", limit, offset],
            ).fetchall()
        return [json.loads(row[0]) for row in rows], total

    def neighbours(
        self, kind: str, *parents: str, of: str | None = None, newer: bool = False, limit: int = 100
    ) -> list[Body]:
        """The next older objects after `of` (or after the newest), or the next newer ones: nearest first."""
        side, way = (">", "asc") if newer else ("<", "desc")
        where, values = "kind = ?", [kind, *parents]
        if parents:
            where += f" and parent in ({', '.join('?' * len(parents))})"
        if of is not None:
            where += f" and seq {side} (select seq from objects where kind = ? and id = ?)"  # noqa: S608
            values += [kind, of]
        with self._lock:
            rows = self._db.execute(
                f"select body from objects where {where} order by seq {way} limit {int(limit)}",  # noqa: S608 - constant
                values,
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def record_effect(self, kind: str, subject: str, at: str, detail: Body | None = None) -> None:
        """Count one thing that really happened: a charge, a mail, a grant, a write-back."""
        with self.transaction():
            self._db.execute(
                "insert into effects (kind, subject, at, detail) values (?, ?, ?, ?)",
                (kind, subject, at, json.dumps(detail or {})),
            )

    def effects(self, kind: str | None = None) -> list[Body]:
        """What happened, oldest first: kind, subject, at, detail."""
        with self._lock:
            rows = self._db.execute(
                "select kind, subject, at, detail from effects where ? is null or kind = ? order by seq", (kind, kind)
            ).fetchall()
        return [{"kind": k, "subject": s, "at": at, "detail": json.loads(d)} for k, s, at, d in rows]

    def effect_counts(self) -> dict[str, int]:
        with self._lock:
            rows = self._db.execute("select kind, count(*) from effects group by kind order by kind").fetchall()
        return dict(rows)

    def setting(self, name: str) -> str | None:
        with self._lock:
            row = self._db.execute("select value from settings where name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_setting(self, name: str, value: str) -> None:
        with self.transaction():
            self._db.execute("insert or replace into settings (name, value) values (?, ?)", (name, value))

    def next_number(self, name: str) -> int:
        """A counter that survives a restart; ids are derived from it so that runs are repeatable."""
        with self.transaction():
            number = int(self.setting(f"counter:{name}") or "0") + 1
            self.set_setting(f"counter:{name}", str(number))
        return number
