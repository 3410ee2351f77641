"""A burst of web hooks at two endpoints over one ledger: none lost, none doubled, also when one of them is killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from portals import Portal, portal_process
from sqlalchemy import text
from web_hook_burst import deliveries, send_burst
from web_hook_deliveries import PINNED, SECRET

from billing.adapters.ledger.migrate import migrate
from billing.adapters.ledger.unit_of_work import SqlLedger

EVENTS = 120
SEED = 3


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    ledger = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(ledger.engine)
    with ledger.write() as uow:
        uow.operations.pin("stripe_account", PINNED, datetime.now(UTC))
    yield ledger
    ledger.close()


@pytest.fixture
def endpoints(ledger: SqlLedger, tmp_path: Path) -> Iterator[list[Portal]]:
    with portal_process(tmp_path) as one, portal_process(tmp_path) as other:
        yield [one, other]


def kept(ledger: SqlLedger) -> list[str]:
    with ledger.engine.connect() as connection:
        return [row[0] for row in connection.execute(text("select event_id from provider_events order by event_id"))]


EVERY_EVENT = [f"evt_{number:05d}" for number in range(EVENTS)]


def test_a_burst_at_two_endpoints_loses_nothing_and_doubles_nothing(ledger: SqlLedger, endpoints: list[Portal]) -> None:
    every = deliveries(EVENTS, SEED)

    burst = send_burst([endpoint.hook for endpoint in endpoints], SECRET, every)

    assert kept(ledger) == EVERY_EVENT
    assert burst.answers["kept"] == EVENTS
    assert burst.answers["kept"] + burst.answers["known"] == sum(map(len, every)) > EVENTS
    print(f"{burst.rate:.0f} web hooks a second, p99 {burst.p99_ms:.0f} ms")


def test_what_a_killed_endpoint_had_answered_is_kept_and_the_rest_is_brought_to_the_other(
    ledger: SqlLedger, endpoints: list[Portal]
) -> None:
    def kill_one_half_way(taken: int) -> None:
        if taken == EVENTS // 2:
            endpoints[0].process.send_signal(signal.SIGKILL)

    burst = send_burst([endpoint.hook for endpoint in endpoints], SECRET, deliveries(EVENTS, SEED), kill_one_half_way)

    assert burst.sent_again > 0
    assert kept(ledger) == EVERY_EVENT


def test_an_endpoint_that_is_told_to_stop_finishes_what_it_has_begun(
    ledger: SqlLedger, endpoints: list[Portal]
) -> None:
    def stop_one_half_way(taken: int) -> None:
        if taken == EVENTS // 2:
            endpoints[0].process.terminate()

    send_burst([endpoint.hook for endpoint in endpoints], SECRET, deliveries(EVENTS, SEED), stop_one_half_way)

    assert endpoints[0].process.wait(timeout=20) == 0
    assert kept(ledger) == EVERY_EVENT
    assert "unforeseen" not in endpoints[0].log.read_text()
