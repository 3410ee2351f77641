"""One inbox for two endpoints: an event is one row, whoever brought it, how often and in what order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.errors import TemporaryError
from billing.domain.payments import ProviderEvent
from billing.services.intake.receive_events import receive_event

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def an_event(event_id: str, livemode: bool = False, account: str | None = None) -> ProviderEvent:
    return ProviderEvent(event_id, "payment_intent.succeeded", NOW, "pi_1", "pi_1", "{}", livemode, account)


@pytest.fixture
def pinned(ledger: SqlLedger) -> SqlLedger:
    with ledger.write() as uow:
        uow.operations.pin("stripe_account", "acct_1 test", NOW)
    return ledger


def inbox(ledger: SqlLedger) -> list[tuple[str, str]]:
    with ledger.engine.connect() as connection:
        return [
            tuple(row) for row in connection.execute(text("select event_id, state from provider_events order by 1"))
        ]


def test_an_event_that_came_by_web_hook_and_by_polling_is_one_row_and_the_cursor_is_pollings(pinned: SqlLedger) -> None:
    assert receive_event(pinned, "stripe", an_event("evt_2"), NOW) == "kept"
    with pinned.write() as uow:
        polled = [uow.payments.keep_event("stripe", an_event(f"evt_{n}"), NOW) for n in (1, 2, 3)]
        assert uow.records.cursor("stripe:events") is None

    assert polled == [True, False, True]
    assert receive_event(pinned, "stripe", an_event("evt_3"), NOW) == "known"
    assert inbox(pinned) == [("evt_1", "waiting"), ("evt_2", "waiting"), ("evt_3", "waiting")]


def test_writers_of_several_processes_keep_each_event_once(pinned: SqlLedger, url: str) -> None:
    others = [SqlLedger(url) for _ in range(2)]

    with ThreadPoolExecutor(8) as pool:
        became = list(
            pool.map(lambda n: receive_event(others[n % 2], "stripe", an_event(f"evt_{n // 4}"), NOW), range(40))
        )

    for other in others:
        other.close()
    assert (became.count("kept"), became.count("known")) == (10, 30)
    assert len(inbox(pinned)) == 10


@pytest.mark.parametrize(("livemode", "account"), [(True, None), (False, "acct_2"), (True, "acct_1")])
def test_what_is_not_of_this_account_and_mode_is_ignored_with_its_reason(
    pinned: SqlLedger, livemode: bool, account: str | None
) -> None:
    assert receive_event(pinned, "stripe", an_event("evt_1", livemode, account), NOW) == "ignored"

    with pinned.engine.connect() as connection:
        row = connection.execute(text("select state, reason, settled_at from provider_events")).one()
    assert row.state == "ignored"
    assert "this ledger belongs to acct_1 test" in row.reason
    assert row.settled_at is not None
    with pinned.read() as uow:
        assert uow.payments.waiting_events("stripe", 10) == []


def test_before_the_account_is_known_nothing_is_kept(ledger: SqlLedger) -> None:
    with pytest.raises(TemporaryError) as refused:
        receive_event(ledger, "stripe", an_event("evt_1"), NOW)

    assert refused.value.code == "account_not_pinned"
    assert inbox(ledger) == []
