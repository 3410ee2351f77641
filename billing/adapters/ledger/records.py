"""Raw outside facts: every version of every object, linked to the jobs they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, select, update

from billing.adapters.ledger.schema import (
    cursors,
    invoice_voids,
    invoices,
    journal_entries,
    record_links,
    sessions,
    source_records,
)
from billing.adapters.ledger.statements import first, insert_once, put, rows
from billing.domain import canonical
from billing.ports.ledger import SessionRow
from billing.ports.outside import RawRecord


class SqlRecords:
    """Implements ports.ledger.Records."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, source: str, record: RawRecord, job_id: str | None, now: datetime) -> bool:
        if job_id:
            self._link(source, record, job_id)
        digest = canonical.sha256(record.body)
        newest = first(
            self._connection,
            select(source_records.c.version, source_records.c.body_sha256)
            .where(
                source_records.c.source == source,
                source_records.c.kind == record.kind,
                source_records.c.source_id == record.source_id,
            )
            .order_by(source_records.c.version.desc())
            .limit(1),
        )
        if newest and newest.body_sha256 == digest:
            return False
        values = {
            "record_id": self.horizon() + 1,
            "source": source,
            "kind": record.kind,
            "source_id": record.source_id,
            "version": newest.version + 1 if newest else 1,
            "modified_at": record.modified_at,
            "observed_at": now,
            "body": record.body,
            "body_sha256": digest,
        }
        self._connection.execute(source_records.insert().values(values))
        return True

    def keep_all(self, source: str, job_id: str, records: Sequence[RawRecord], now: datetime) -> bool:
        gone = self._without(source, job_id, {(record.kind, record.source_id) for record in records})
        linked = [self._link(source, record, job_id) for record in records]
        news = [self.keep(source, record, None, now) for record in records]
        return gone or any(linked) or any(news)

    def _link(self, source: str, record: RawRecord, job_id: str) -> bool:
        """From now on the object belongs to the job; False if it does already."""
        link = {"source": source, "job_id": job_id, "kind": record.kind, "source_id": record.source_id}
        this = [record_links.c[name] == value for name, value in link.items()]
        open_now = select(record_links.c.linked_from).where(*this, record_links.c.gone_after.is_(None))
        if first(self._connection, open_now):
            return False
        self._connection.execute(record_links.insert().values(link | {"linked_from": self.horizon() + 1}))
        return True

    def _without(self, source: str, job_id: str, present: set[tuple[str, str]]) -> bool:
        """What belonged to the job and does not any more (deleted, or moved away) is not billed with it."""
        of_job = (
            record_links.c.source == source,
            record_links.c.job_id == job_id,
            record_links.c.gone_after.is_(None),
        )
        linked = rows(self._connection, select(record_links).where(*of_job))
        gone = [link for link in linked if (link.kind, link.source_id) not in present]
        known = self.horizon()
        for link in gone:
            this = (record_links.c.kind == link.kind, record_links.c.source_id == link.source_id)
            self._connection.execute(update(record_links).where(*of_job, *this).values(gone_after=known))
        return bool(gone)

    def of_job(self, source: str, job_id: str, horizon: int | None = None) -> list[RawRecord]:
        is_there: ColumnElement[bool] = record_links.c.gone_after.is_(None)
        if horizon is not None:
            is_there = (record_links.c.linked_from <= horizon) & (is_there | (record_links.c.gone_after >= horizon))
        newest = (
            select(func.max(source_records.c.record_id).label("record_id"))
            .join(
                record_links,
                (source_records.c.source == record_links.c.source)
                & (source_records.c.kind == record_links.c.kind)
                & (source_records.c.source_id == record_links.c.source_id),
            )
            .where(record_links.c.source == source, record_links.c.job_id == job_id, is_there)
            .group_by(source_records.c.kind, source_records.c.source_id)
        )
        return self._newest(newest, horizon)

    def of_kinds(self, source: str, kinds: Sequence[str], horizon: int | None = None) -> list[RawRecord]:
        newest = (
            select(func.max(source_records.c.record_id).label("record_id"))
            .where(source_records.c.source == source, source_records.c.kind.in_(kinds))
            .group_by(source_records.c.kind, source_records.c.source_id)
        )
        return self._newest(newest, horizon)

    def _newest(self, newest: Select[Any], horizon: int | None) -> list[RawRecord]:
        known = newest if horizon is None else newest.where(source_records.c.record_id <= horizon)
        query = (
            select(source_records)
            .where(source_records.c.record_id.in_(known))
            .order_by(source_records.c.kind, source_records.c.source_id)
        )
        return [_record(row) for row in rows(self._connection, query)]

    def horizon(self) -> int:
        """Records and the comings and goings of links count on in one row, which has no two of the same number."""
        newest = (
            select(func.max(source_records.c.record_id)).scalar_subquery(),
            select(func.max(record_links.c.linked_from)).scalar_subquery(),
            select(func.max(record_links.c.gone_after) + 1).scalar_subquery(),
        )
        return max(number or 0 for number in self._connection.execute(select(*newest)).one())

    def cursor(self, name: str) -> str | None:
        return self._connection.execute(select(cursors.c.value).where(cursors.c.name == name)).scalar()

    def move_cursor(self, name: str, value: str, now: datetime) -> None:
        put(self._connection, cursors, {"name": name, "value": value, "updated_at": now})


def _record(row: Row[Any]) -> RawRecord:
    return RawRecord(row.kind, row.source_id, row.modified_at, row.body)


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
        row = first(self._connection, select(sessions).where(sessions.c.session_id == session_id))
        return _session(row) if row else None

    def in_state(self, state: str, limit: int | None = None) -> list[SessionRow]:
        query = (
            select(sessions)
            .where(sessions.c.state == state)
            .order_by(sessions.c.first_observed_at, sessions.c.session_id)
            .limit(limit)
        )
        return [_session(row) for row in rows(self._connection, query)]

    def settle(self, session_id: str, state: str, reason: str | None, now: datetime) -> None:
        values = {"state": state, "reason": reason, "settled_at": now}
        self._connection.execute(update(sessions).where(sessions.c.session_id == session_id).values(values))

    def records_fetched(self, session_id: str, at: datetime | None) -> None:
        changed = update(sessions).where(sessions.c.session_id == session_id).values(records_fetched_at=at)
        self._connection.execute(changed)

    def wake(self, session_id: str, state: str, reason: str | None, completed_on: date, now: datetime) -> None:
        values = {"state": state, "reason": reason, "completed_on": completed_on, "first_observed_at": now}
        self._connection.execute(update(sessions).where(sessions.c.session_id == session_id).values(values))

    def to_look_at_again(self, fetched_before: datetime, finalized_after: datetime, limit: int) -> list[SessionRow]:
        billed_lately = select(invoices.c.session_id).where(invoices.c.finalized_at >= finalized_after)
        job_has_changed = sessions.c.records_fetched_at.is_(None)
        is_old = (sessions.c.records_fetched_at < fetched_before) & sessions.c.session_id.in_(billed_lately)
        query = (
            select(sessions)
            .where(sessions.c.state == "billed", job_has_changed | is_old)
            .order_by(sessions.c.records_fetched_at.is_not(None), sessions.c.records_fetched_at, sessions.c.session_id)
            .limit(limit)
        )
        return [_session(row) for row in rows(self._connection, query)]

    def without_gallery(self, fetched_before: datetime, finalized_after: datetime, paid_only: bool) -> list[SessionRow]:
        open_balance = (
            select(func.coalesce(func.sum(journal_entries.c.amount_minor), 0))
            .where(journal_entries.c.account == "receivable", journal_entries.c.detail == invoices.c.invoice_id)
            .scalar_subquery()
        )
        has_gallery = exists().where(
            record_links.c.source == sessions.c.source,
            record_links.c.job_id == sessions.c.job_id,
            record_links.c.kind == "gallery",
            record_links.c.gone_after.is_(None),
        )
        is_void = exists().where(invoice_voids.c.invoice_id == invoices.c.invoice_id)
        billed = select(invoices.c.session_id).where(invoices.c.finalized_at >= finalized_after, ~is_void)
        query = (
            select(sessions)
            .where(sessions.c.session_id.in_(billed.where(open_balance <= 0) if paid_only else billed))
            .where(sessions.c.records_fetched_at < fetched_before, ~has_gallery)
            .order_by(sessions.c.first_observed_at, sessions.c.session_id)
        )
        return [_session(row) for row in rows(self._connection, query)]


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
    )
