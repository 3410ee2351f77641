"""Raw outside facts: every version of every object, linked to the jobs they belong to."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, bindparam, exists, func, select, update

from billing.adapters.ledger.schema import (
    cursors,
    invoice_voids,
    invoices,
    journal_entries,
    record_links,
    sessions,
    source_records,
)
from billing.adapters.ledger.statements import change, first, insert, insert_once, put, rows
from billing.domain import canonical
from billing.ports.ledger import SessionRow
from billing.ports.outside import RawRecord

_NEWEST_VERSION = (
    select(source_records.c.version, source_records.c.body_sha256)
    .where(
        source_records.c.source == bindparam("source"),
        source_records.c.kind == bindparam("kind"),
        source_records.c.source_id == bindparam("source_id"),
    )
    .order_by(source_records.c.version.desc())
    .limit(1)
)
_IS_LINKED = select(record_links.c.linked_from).where(
    *(record_links.c[name] == bindparam(name) for name in ("source", "job_id", "kind", "source_id")),
    record_links.c.gone_after.is_(None),
)
_LINKED = select(record_links).where(
    record_links.c.source == bindparam("source"),
    record_links.c.job_id == bindparam("job_id"),
    record_links.c.gone_after.is_(None),
)
_UNLINK = update(record_links).where(
    *(record_links.c[name] == bindparam(f"of_{name}") for name in ("source", "job_id", "kind", "source_id")),
    record_links.c.gone_after.is_(None),
)
_HORIZON = select(
    select(func.max(source_records.c.record_id)).scalar_subquery(),
    select(func.max(record_links.c.linked_from)).scalar_subquery(),
    select(func.max(record_links.c.gone_after) + 1).scalar_subquery(),
)
_CURSOR = select(cursors.c.value).where(cursors.c.name == bindparam("name"))


def _newest(of: Select[Any]) -> Select[Any]:
    """The newest version of each object, whole."""
    newest = of.with_only_columns(func.max(source_records.c.record_id), maintain_column_froms=True)
    return (
        select(source_records)
        .where(source_records.c.record_id.in_(newest.group_by(source_records.c.kind, source_records.c.source_id)))
        .order_by(source_records.c.kind, source_records.c.source_id)
    )


_OF_KINDS = select(source_records).where(
    source_records.c.source == bindparam("source"), source_records.c.kind.in_(bindparam("kinds", expanding=True))
)
_OF_JOB = (
    select(source_records)
    .join(
        record_links,
        (source_records.c.source == record_links.c.source)
        & (source_records.c.kind == record_links.c.kind)
        & (source_records.c.source_id == record_links.c.source_id),
    )
    .where(record_links.c.source == bindparam("source"), record_links.c.job_id == bindparam("job_id"))
)
_IS_THERE = record_links.c.gone_after.is_(None)
_THEN = bindparam("horizon", type_=Integer)
_WAS_KNOWN = source_records.c.record_id <= _THEN
_WAS_THERE = (record_links.c.linked_from <= _THEN) & (_IS_THERE | (record_links.c.gone_after >= _THEN))
_NEWEST_OF_JOB = _newest(_OF_JOB.where(_IS_THERE))
_NEWEST_OF_JOB_THEN = _newest(_OF_JOB.where(_WAS_THERE, _WAS_KNOWN))
_NEWEST_OF_KINDS = _newest(_OF_KINDS)
_NEWEST_OF_KINDS_THEN = _newest(_OF_KINDS.where(_WAS_KNOWN))


class SqlRecords:
    """Implements ports.ledger.Records."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, source: str, record: RawRecord, job_id: str | None, now: datetime) -> bool:
        if job_id:
            self._link(source, record, job_id)
        digest = canonical.sha256(record.body)
        this = {"source": source, "kind": record.kind, "source_id": record.source_id}
        newest = first(self._connection, _NEWEST_VERSION, **this)
        if newest and newest.body_sha256 == digest:
            return False
        values = {
            **this,
            "record_id": self.horizon() + 1,
            "version": newest.version + 1 if newest else 1,
            "modified_at": record.modified_at,
            "observed_at": now,
            "body": record.body,
            "body_sha256": digest,
        }
        insert(self._connection, source_records, values)
        return True

    def keep_all(
        self, source: str, job_id: str, records: Sequence[RawRecord], now: datetime, not_shown: Container[str] = ()
    ) -> bool:
        present = {(record.kind, record.source_id) for record in records}
        gone = self._without(source, job_id, present, not_shown)
        linked = [self._link(source, record, job_id) for record in records]
        news = [self.keep(source, record, None, now) for record in records]
        return gone or any(linked) or any(news)

    def _link(self, source: str, record: RawRecord, job_id: str) -> bool:
        """From now on the object belongs to the job; False if it does already."""
        link = {"source": source, "job_id": job_id, "kind": record.kind, "source_id": record.source_id}
        if first(self._connection, _IS_LINKED, **link):
            return False
        insert(self._connection, record_links, link | {"linked_from": self.horizon() + 1})
        return True

    def _without(self, source: str, job_id: str, present: set[tuple[str, str]], not_shown: Container[str]) -> bool:
        """What belonged to the job and does not any more (deleted, or moved away) is not billed with it."""
        linked = rows(self._connection, _LINKED, source=source, job_id=job_id)
        shown = [link for link in linked if link.kind not in not_shown]
        gone = [link for link in shown if (link.kind, link.source_id) not in present]
        of_job, known = {"of_source": source, "of_job_id": job_id}, self.horizon() if gone else 0
        for link in gone:
            this = {"of_kind": link.kind, "of_source_id": link.source_id}
            change(self._connection, _UNLINK, **of_job, **this, gone_after=known)
        return bool(gone)

    def of_job(self, source: str, job_id: str, horizon: int | None = None) -> list[RawRecord]:
        if horizon is None:
            return self._records(_NEWEST_OF_JOB, source=source, job_id=job_id)
        return self._records(_NEWEST_OF_JOB_THEN, source=source, job_id=job_id, horizon=horizon)

    def of_kinds(self, source: str, kinds: Sequence[str], horizon: int | None = None) -> list[RawRecord]:
        if horizon is None:
            return self._records(_NEWEST_OF_KINDS, source=source, kinds=list(kinds))
        return self._records(_NEWEST_OF_KINDS_THEN, source=source, kinds=list(kinds), horizon=horizon)

    def _records(self, query: Select[Any], **values: Any) -> list[RawRecord]:
        found = rows(self._connection, query, **values)
        return [RawRecord(row.kind, row.source_id, row.modified_at, row.body) for row in found]

    def horizon(self) -> int:
        """Records and the comings and goings of links count on in one row, which has no two of the same number."""
        return max(number or 0 for number in self._connection.execute(_HORIZON).one())

    def cursor(self, name: str) -> str | None:
        return self._connection.execute(_CURSOR, {"name": name}).scalar()

    def move_cursor(self, name: str, value: str, now: datetime) -> None:
        put(self._connection, cursors, {"name": name, "value": value, "updated_at": now})


_SESSION = select(sessions).where(sessions.c.session_id == bindparam("session_id"))
_THIS_SESSION = update(sessions).where(sessions.c.session_id == bindparam("this"))
_IN_STATE = (
    select(sessions)
    .where(sessions.c.state == bindparam("state"))
    .order_by(
        sessions.c.completed_on.is_(None), sessions.c.completed_on, sessions.c.first_observed_at, sessions.c.session_id
    )
)
_BILLED_LATELY = select(invoices.c.session_id).where(invoices.c.finalized_at >= bindparam("finalized_after"))
_FETCHED_BEFORE = sessions.c.records_fetched_at < bindparam("fetched_before")
_TO_LOOK_AT_AGAIN = (
    select(sessions)
    .where(
        sessions.c.state == "billed",
        sessions.c.records_fetched_at.is_(None)  # the job has changed
        | (_FETCHED_BEFORE & sessions.c.session_id.in_(_BILLED_LATELY)),
    )
    .order_by(sessions.c.records_fetched_at.is_not(None), sessions.c.records_fetched_at, sessions.c.session_id)
    .limit(bindparam("at_most", type_=Integer))
)
_OPEN_BALANCE = (
    select(func.coalesce(func.sum(journal_entries.c.amount_minor), 0))
    .where(journal_entries.c.account == "receivable", journal_entries.c.detail == invoices.c.invoice_id)
    .scalar_subquery()
)
_HAS_GALLERY = exists().where(
    record_links.c.source == sessions.c.source,
    record_links.c.job_id == sessions.c.job_id,
    record_links.c.kind == "gallery",
    record_links.c.gone_after.is_(None),
)
_LIVES = ~exists().where(invoice_voids.c.invoice_id == invoices.c.invoice_id)


def _without_gallery(billed: Select[Any]) -> Select[Any]:
    return (
        select(sessions)
        .where(sessions.c.session_id.in_(billed), _FETCHED_BEFORE, ~_HAS_GALLERY)
        .order_by(sessions.c.first_observed_at, sessions.c.session_id)
    )


_BILLED_WITHOUT_GALLERY = _without_gallery(_BILLED_LATELY.where(_LIVES))
_PAID_WITHOUT_GALLERY = _without_gallery(_BILLED_LATELY.where(_LIVES, _OPEN_BALANCE <= 0))


class SqlSessions:
    """Implements ports.ledger.Sessions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def observe(self, session: SessionRow, trigger_policy: str, reason: str | None = None) -> bool:
        values = {
            "session_id": session.session_id,
            "source": session.source,
            "job_id": session.job_id,
            "name": session.name,
            "state": session.state,
            "reason": reason,
            "trigger_policy": trigger_policy,
            "completed_on": session.completed_on,
            "first_observed_at": session.first_observed_at,
        }
        return insert_once(self._connection, sessions, values)

    def get(self, session_id: str) -> SessionRow | None:
        row = first(self._connection, _SESSION, session_id=session_id)
        return _session(row) if row else None

    def in_state(self, state: str, limit: int | None = None) -> list[SessionRow]:
        query = _IN_STATE if limit is None else _IN_STATE.limit(limit)
        return [_session(row) for row in rows(self._connection, query, state=state)]

    def settle(self, session_id: str, state: str, reason: str | None, now: datetime) -> None:
        change(self._connection, _THIS_SESSION, this=session_id, state=state, reason=reason, settled_at=now)

    def records_fetched(self, session_id: str, at: datetime | None) -> None:
        values = {"records_fetched_at": at, "unanswered_since": None, "tried_at": None}
        change(self._connection, _THIS_SESSION, this=session_id, **values)

    def not_answered(self, session_id: str, now: datetime) -> datetime:
        row = self.get(session_id)
        since = (row.unanswered_since if row else None) or now
        change(self._connection, _THIS_SESSION, this=session_id, unanswered_since=since, tried_at=now)
        return since

    def wake(self, session_id: str, state: str, reason: str | None, completed_on: date, now: datetime) -> None:
        values = {"state": state, "reason": reason, "completed_on": completed_on, "first_observed_at": now}
        change(self._connection, _THIS_SESSION, this=session_id, **values)

    def to_look_at_again(self, fetched_before: datetime, finalized_after: datetime, limit: int) -> list[SessionRow]:
        lately = {"fetched_before": fetched_before, "finalized_after": finalized_after}
        return [_session(row) for row in rows(self._connection, _TO_LOOK_AT_AGAIN, at_most=limit, **lately)]

    def without_gallery(self, fetched_before: datetime, finalized_after: datetime, paid_only: bool) -> list[SessionRow]:
        lately = {"fetched_before": fetched_before, "finalized_after": finalized_after}
        query = _PAID_WITHOUT_GALLERY if paid_only else _BILLED_WITHOUT_GALLERY
        return [_session(row) for row in rows(self._connection, query, **lately)]


def _session(row: Row[Any]) -> SessionRow:
    return SessionRow(
        row.session_id,
        row.source,
        row.job_id,
        row.name,
        row.state,
        row.completed_on,
        row.first_observed_at,
        row.records_fetched_at,
        row.unanswered_since,
        row.tried_at,
    )
