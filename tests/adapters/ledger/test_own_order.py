"""The ledger's own order: numbers that rise as things are written, and how an older ledger is put in order."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from test_upgrades import bring_to, put

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.books import Entry, Posting
from billing.domain.effects import EffectKind, Intent
from billing.domain.events import DomainEvent
from billing.domain.money import Money
from billing.domain.payments import SavedMethod

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SEVEN_HOURS_AGO = NOW - timedelta(hours=7)
CARD = SavedMethod("c1", "cus_1", "pm_1", "Visa", "v1", NOW)


def posting(name: str) -> Posting:
    amount = Money(500, "EUR")
    return Posting(name, "invoice_issued", "inv_1", date(2026, 3, 2),
                   (Entry("receivable", "inv_1", amount), Entry("revenue", "", -amount)))  # fmt: skip


def column(ledger: SqlLedger, sql: str) -> list[Any]:
    with ledger.engine.connect() as connection, connection.begin():
        return [row[0] for row in connection.execute(text(sql))]


def test_what_is_written_later_has_a_higher_number_whatever_the_clock_says(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.payments.add_consent(CARD, "olga", NOW)
    with ledger.write() as uow:
        uow.effects.intend(Intent(EffectKind.CHARGE, "autopay", "inv_1", {}), SEVEN_HOURS_AGO)
        uow.journal.post(posting("issued"), NOW)
        uow.journal.record_event(DomainEvent("told", "x", "inv_1", SEVEN_HOURS_AGO))
    with ledger.write() as uow:
        uow.payments.revoke_consent("c1", SEVEN_HOURS_AGO)

    order = [
        *column(ledger, "select recorded_seq from consents"), *column(ledger, "select intended_seq from effects"),
        *column(ledger, "select ledger_seq from journal_transactions"),
        *column(ledger, "select ledger_seq from domain_events"), *column(ledger, "select revoked_seq from consents"),
    ]  # fmt: skip
    assert order == sorted(set(order))
    assert order[0] > 0
    with ledger.read() as uow:
        clock = uow.operations.clock()
    assert clock is not None
    assert clock.latest_at == NOW


def test_a_transaction_that_is_rolled_back_takes_its_numbers_with_it(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.journal.record_event(DomainEvent("first", "x", "s", NOW))
    with suppress(ZeroDivisionError), ledger.write() as uow:
        uow.journal.record_event(DomainEvent("lost", "x", "s", NOW))
        _ = 1 / 0
    with ledger.write() as uow:
        uow.journal.record_event(DomainEvent("second", "x", "s", NOW))

    assert column(ledger, "select ledger_seq from domain_events order by seq") == [1, 2]


class TestAnOlderLedger:
    """Written by the last version, with a clock that was set back in the middle of it."""

    @pytest.fixture
    def older(self, empty: SqlLedger) -> SqlLedger:
        bring_to(empty, "0005")
        for table, rows in self.rows().items():
            for row in rows:
                put(empty, table, **row)
        migrate(empty.engine)
        return empty

    @staticmethod
    def rows() -> dict[str, list[dict[str, Any]]]:
        def at(hour: int) -> str:
            return f"2026-03-02T{hour:02d}:00:00.000000Z"

        chain = {"previous_hash": "", "hash": ""}
        journal = {"kind": "x", "subject_id": "inv_1", "posted_on": "2026-03-02", **chain}
        event = {"kind": "x", "subject_id": "inv_1", "actor": "pipeline", "body": "{}", **chain}
        effect = {
            "kind": "mail", "purpose": "invoice", "parameters": "{}", "parameters_sha256": "", "state": "done",
            "not_before": at(9), "attempts": 1, "lease_fence": 1,
        }  # fmt: skip
        consent = {
            "client_id": "c1", "customer_id": "cus", "payment_method_id": "pm", "label": "Visa", "text_version": "1",
            "consented_at": at(8), "actor": "olga",
        }  # fmt: skip
        return {
            "consents": [{**consent, "recorded_at": at(8), "revoked_at": at(13)}],
            "effects": [
                {**effect, "effect_id": "mailed", "subject_id": "s1", "key": "k1", "created_at": at(9)},
                {**effect, "effect_id": "charged", "subject_id": "s2", "key": "k2", "created_at": at(9)}
                | {"kind": "charge"},
            ],
            "journal_transactions": [
                {**journal, "seq": 1, "transaction_id": "first", "posted_at": at(9)},
                {**journal, "seq": 2, "transaction_id": "second", "posted_at": at(12)},
                {**journal, "seq": 3, "transaction_id": "after it was set back", "posted_at": at(5)},
            ],
            "chain_heads": [{"chain": "domain_events", "seq": 1, "hash": ""}],
            "domain_events": [{**event, "seq": 1, "event_id": "told", "at": at(12)}],
        }

    def test_is_put_in_order_by_what_its_clock_said_and_its_chains_by_themselves(self, older: SqlLedger) -> None:
        found = {
            name: number
            for sql in (
                "select effect_id, intended_seq from effects",
                "select transaction_id, ledger_seq from journal_transactions",
                "select event_id, ledger_seq from domain_events",
                "select 'agreed', recorded_seq from consents",
                "select 'revoked', revoked_seq from consents",
            )
            for name, number in self._pairs(older, sql)
        }

        assert sorted(found, key=lambda name: found[name]) == [
            "agreed", "charged", "first", "mailed", "second", "after it was set back", "told", "revoked",
        ]  # fmt: skip
        assert sorted(found.values()) == list(range(1, 9))

    def test_goes_on_from_there(self, older: SqlLedger) -> None:
        with older.write() as uow:
            uow.journal.record_event(DomainEvent("new", "x", "s", SEVEN_HOURS_AGO))

        assert column(older, "select ledger_seq from domain_events where event_id = 'new'") == [9]
        assert column(older, "select latest_at from ledger_clock") == ["2026-03-02T13:00:00.000000Z"]

    @pytest.mark.parametrize("table", ["journal_transactions", "domain_events"])
    def test_refuses_changes_as_before(self, older: SqlLedger, table: str) -> None:
        with pytest.raises(DBAPIError, match="append only"), older.engine.begin() as connection:
            connection.execute(text(f"update {table} set ledger_seq = 1"))

    @staticmethod
    def _pairs(ledger: SqlLedger, sql: str) -> list[tuple[str, int]]:
        with ledger.engine.connect() as connection, connection.begin():
            return [(row[0], row[1]) for row in connection.execute(text(sql))]


def test_an_empty_ledger_of_the_last_version_begins_its_order_at_one(ledger: SqlLedger) -> None:
    with ledger.read() as uow:
        assert uow.operations.clock() is None
    with ledger.write() as uow:
        uow.journal.record_event(DomainEvent("first", "x", "s", NOW))

    assert column(ledger, "select ledger_seq from domain_events") == [1]
