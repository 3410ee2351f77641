"""Double entry and domain events: append only, numbered, each row hashed over the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from billing.adapters.ledger.own_order import next_number
from billing.adapters.ledger.schema import chain_heads, domain_events, journal_entries, journal_transactions
from billing.adapters.ledger.statements import first, insert, put, rows
from billing.domain import canonical
from billing.domain.books import Entry, Posting
from billing.domain.events import DomainEvent
from billing.domain.money import Money

GENESIS = "0" * 64

_POSTED = select(journal_transactions.c.seq).where(journal_transactions.c.transaction_id == bindparam("transaction_id"))
_TOLD = select(domain_events.c.seq).where(domain_events.c.event_id == bindparam("event_id"))
_TOLD_LAST = (
    select(domain_events)
    .where(domain_events.c.subject_id == bindparam("subject_id"))
    .where(domain_events.c.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(domain_events.c.seq.desc())
    .limit(1)
)
_HEAD = select(chain_heads).where(chain_heads.c.chain == bindparam("chain"))
_BALANCE = select(func.coalesce(func.sum(journal_entries.c.amount_minor), 0)).where(
    journal_entries.c.account == bindparam("account"), journal_entries.c.detail == bindparam("detail")
)
_ENTRIES = (
    select(journal_entries)
    .where(journal_entries.c.transaction_id == bindparam("transaction_id"))
    .order_by(journal_entries.c.position)
)
_ENTRIES_ABOUT = (
    select(journal_entries)
    .join(journal_transactions, journal_transactions.c.transaction_id == journal_entries.c.transaction_id)
    .where(journal_transactions.c.subject_id == bindparam("subject_id"))
    .order_by(journal_transactions.c.seq, journal_entries.c.position)
)
_ENTRIES_OF_KINDS = _ENTRIES_ABOUT.where(journal_transactions.c.kind.in_(bindparam("kinds", expanding=True)))


class SqlJournal:
    """Implements ports.ledger.Journal. Writers are serialized by the transaction, so the chain has no forks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def post(self, posting: Posting, now: datetime) -> bool:
        if first(self._connection, _POSTED, transaction_id=posting.transaction_id):
            return False
        seq, previous, digest = self._extend("journal", canonical.dumps(posting))
        header = {
            "seq": seq,
            "ledger_seq": next_number(self._connection, now),
            "transaction_id": posting.transaction_id,
            "kind": posting.kind,
            "subject_id": posting.subject_id,
            "posted_on": posting.posted_on,
            "posted_at": now,
            "previous_hash": previous,
            "hash": digest,
        }
        insert(self._connection, journal_transactions, header)
        entries = [
            {
                "transaction_id": posting.transaction_id,
                "position": position,
                "account": entry.account,
                "detail": entry.detail,
                "currency": entry.amount.currency,
                "amount_minor": entry.amount.minor,
            }
            for position, entry in enumerate(posting.entries)
        ]
        insert(self._connection, journal_entries, entries)
        return True

    def balance(self, account: str, detail: str) -> int:
        return int(self._connection.execute(_BALANCE, {"account": account, "detail": detail}).scalar_one())

    def balances(self, account: str) -> dict[str, int]:
        query = (
            select(journal_entries.c.currency, func.sum(journal_entries.c.amount_minor).label("minor"))
            .where(journal_entries.c.account == account)
            .group_by(journal_entries.c.currency)
        )
        return {row.currency: int(row.minor) for row in rows(self._connection, query)}

    def entries(self, transaction_id: str) -> list[Entry]:
        return [_entry(row) for row in rows(self._connection, _ENTRIES, transaction_id=transaction_id)]

    def entries_about(self, subject_id: str, kinds: Sequence[str] = ()) -> list[Entry]:
        found = (
            rows(self._connection, _ENTRIES_OF_KINDS, subject_id=subject_id, kinds=list(kinds))
            if kinds
            else rows(self._connection, _ENTRIES_ABOUT, subject_id=subject_id)
        )
        return [_entry(row) for row in found]

    def position(self) -> str:
        heads = rows(self._connection, select(chain_heads).order_by(chain_heads.c.chain))
        return " ".join(f"{head.chain}={head.seq}" for head in heads)

    def totals(self, entries: int) -> dict[tuple[str, str], tuple[int, int]]:
        last = self._last_of(entries)
        if last is None:
            return {}
        size, minor = func.count().label("entries"), func.sum(journal_entries.c.amount_minor).label("minor")
        query = (
            select(journal_entries.c.account, journal_entries.c.currency, size, minor)
            .join(journal_transactions, journal_transactions.c.transaction_id == journal_entries.c.transaction_id)
            .where(journal_transactions.c.seq <= last)
            .group_by(journal_entries.c.account, journal_entries.c.currency)
        )
        found = rows(self._connection, query)
        return {(row.account, row.currency): (row.entries, int(row.minor)) for row in found}

    def record_event(self, event: DomainEvent) -> bool:
        if first(self._connection, _TOLD, event_id=event.event_id):
            return False
        seq, previous, digest = self._extend(
            "domain_events", canonical.dumps(replace(event, at=event.at.astimezone(UTC)))
        )
        values = {
            "seq": seq,
            "ledger_seq": next_number(self._connection, event.at),
            "event_id": event.event_id,
            "kind": event.kind,
            "subject_id": event.subject_id,
            "actor": event.actor,
            "at": event.at,
            "body": canonical.dumps(event.body),
            "previous_hash": previous,
            "hash": digest,
        }
        insert(self._connection, domain_events, values)
        return True

    def last_of(self, subject_id: str, kinds: Sequence[str]) -> DomainEvent | None:
        row = first(self._connection, _TOLD_LAST, subject_id=subject_id, kinds=list(kinds))
        return _event(row) if row else None

    def broken_links(self) -> list[str]:
        postings = (
            (row.seq, row.transaction_id, row.previous_hash, row.hash, canonical.dumps(self._posting(row)))
            for row in self._connection.execute(select(journal_transactions).order_by(journal_transactions.c.seq))
        )
        events = (
            (row.seq, row.event_id, row.previous_hash, row.hash, canonical.dumps(_event(row)))
            for row in self._connection.execute(select(domain_events).order_by(domain_events.c.seq))
        )
        return [*_broken("journal", postings), *_broken("domain_events", events)]

    def _posting(self, row: Row[Any]) -> Posting:
        entries = self.entries(row.transaction_id)
        posting = object.__new__(Posting)  # as it was written down, though a tampered one may not balance
        values = (row.transaction_id, row.kind, row.subject_id, row.posted_on, tuple(entries))
        for field, value in zip(fields(Posting), values, strict=True):
            object.__setattr__(posting, field.name, value)
        return posting

    def _last_of(self, entries: int) -> int | None:
        """The transaction with which the journal came to so many entries."""
        sizes = (
            select(journal_transactions.c.seq, func.count().label("size"))
            .join(journal_entries, journal_entries.c.transaction_id == journal_transactions.c.transaction_id)
            .group_by(journal_transactions.c.seq)
            .subquery()
        )
        grown = select(sizes.c.seq, func.sum(sizes.c.size).over(order_by=sizes.c.seq).label("entries")).subquery()
        return self._connection.execute(select(grown.c.seq).where(grown.c.entries == entries)).scalar()

    def _extend(self, chain: str, text: str) -> tuple[int, str, str]:
        """The next place in a chain: its number, the hash before it and its own."""
        head = first(self._connection, _HEAD, chain=chain)
        seq, previous = (head.seq + 1, head.hash) if head else (1, GENESIS)
        digest = canonical.sha256(previous + text)
        put(self._connection, chain_heads, {"chain": chain, "seq": seq, "hash": digest})
        return seq, previous, digest


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.account, row.detail, Money(row.amount_minor, row.currency))


def _event(row: Row[Any]) -> DomainEvent:
    return DomainEvent(row.event_id, row.kind, row.subject_id, row.at, row.actor, json.loads(row.body))


def _broken(chain: str, links: Iterable[tuple[int, str, str, str, str]]) -> Iterator[str]:
    expected_seq, expected_hash = 1, GENESIS
    for seq, name, previous, digest, text in links:
        if seq != expected_seq or previous != expected_hash or digest != canonical.sha256(previous + text):
            yield f"{chain} {name}"
        expected_seq, expected_hash = seq + 1, digest
