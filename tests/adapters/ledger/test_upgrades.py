"""A ledger that an older version wrote opens with this one, keeps what it had, and goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from paper import finalized
from sqlalchemy import MetaData, Table, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from billing.adapters.ledger.migrate import MIGRATIONS, is_current, migrate
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.addresses import Addresses, Origin

AT = "2026-01-02T09:00:00.000000Z"

INVOICE: dict[str, Any] = {
    "invoice_id": "inv_old", "series": "OLD-", "sequence": 1, "number": "OLD-0001", "session_id": "vsco:j0",
    "part": "o0", "revision": 1, "client_id": "c0", "client_name": "Ada", "currency": "EUR", "collection": "invoice",
    "issued_on": "2026-01-02", "due_on": "2026-01-16", "session_on": None, "subtotal_minor": 500,
    "pre_tax_discount_minor": 0, "exclusive_tax_minor": 0, "after_tax_discount_minor": 0, "total_minor": 500,
    "deductions_minor": 0, "amount_due_minor": 500, "trigger_observed_at": "2026-01-02T09:00:00.000000Z",
    "priced_at": "2026-01-02T09:00:00.000000Z", "finalized_at": "2026-01-02T09:00:00.000000Z", "record_horizon": 0,
    "snapshot": "{}", "snapshot_sha256": "0",
}  # fmt: skip


def bring_to(ledger: SqlLedger, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with ledger.engine.connect() as plain:
        connection = plain.execution_options(write=True)
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, revision)


def put(ledger: SqlLedger, table: str, **values: Any) -> None:
    with ledger.engine.connect() as plain:
        connection = plain.execution_options(write=True)
        with connection.begin():
            connection.execute(Table(table, MetaData(), autoload_with=connection).insert(), values)


def test_invoices_of_before_stay_and_one_may_ask_for_nothing(empty: SqlLedger) -> None:
    bring_to(empty, "0002")
    put(empty, "invoices", **INVOICE)
    with pytest.raises(DBAPIError):
        put(empty, "invoices", **INVOICE | {"invoice_id": "inv_0", "number": "0", "sequence": 2, "amount_due_minor": 0})

    migrate(empty.engine)
    invoice = finalized(empty, amount_due_minor=0)

    assert is_current(empty.engine)
    with empty.engine.connect() as connection:
        kept = connection.execute(text("select * from invoices where invoice_id = 'inv_old'")).one()
    assert kept._mapping.items() >= INVOICE.items()
    with empty.read() as uow:
        assert uow.invoices.require(invoice.invoice_id).invoice.amount_due_minor == 0


def test_an_order_that_was_billed_twice_before_stays_and_is_not_billed_a_third_time(empty: SqlLedger) -> None:
    bring_to(empty, "0005")
    for number, job in ((1, "j0"), (2, "j1")):
        seen = {"first_observed_at": INVOICE["finalized_at"], "trigger_policy": "fulfillment", "state": "billed"}
        put(empty, "sessions", session_id=f"vsco:{job}", source="vsco", job_id=job, name="Portrait", **seen)
        numbered = {"invoice_id": f"inv_{number}", "number": f"OLD-{number}", "sequence": number}
        put(empty, "invoices", **INVOICE | numbered | {"session_id": f"vsco:{job}"})

    migrate(empty.engine)

    with pytest.raises(IntegrityError, match="live invoice"):
        put(empty, "invoices", **INVOICE | {"invoice_id": "inv_3", "number": "OLD-3", "sequence": 3, "revision": 2})


@pytest.mark.parametrize("act", ["delete from invoices", "update invoices set total_minor = 1"])
def test_they_are_append_only_as_before(empty: SqlLedger, act: str) -> None:
    bring_to(empty, "0002")
    put(empty, "invoices", **INVOICE)
    migrate(empty.engine)

    with pytest.raises(DBAPIError, match="append only"), empty.engine.begin() as connection:
        connection.execute(text(act))
    with pytest.raises(DBAPIError):
        put(empty, "invoices", **INVOICE | {"invoice_id": "inv_1", "part": "o1", "sequence": 2})  # its number again


def test_sessions_of_before_stay_and_can_be_unanswered(empty: SqlLedger) -> None:
    bring_to(empty, "0004")
    at = "2026-01-02T09:00:00.000000Z"
    session = {"session_id": "vsco:j0", "source": "vsco", "job_id": "j0", "name": "Ada", "state": "due", "reason": None}
    trigger = {"trigger_policy": "fulfillment", "completed_on": "2026-01-02", "first_observed_at": at}
    put(empty, "sessions", **session, **trigger, records_fetched_at=None, settled_at=None)
    for name in ("not_answered_since:vsco:j0", "vsco:jobs"):
        put(empty, "cursors", name=name, value="2026-01-02T09:00:00+00:00", updated_at=at)

    migrate(empty.engine)

    now = datetime(2026, 1, 2, 10, tzinfo=UTC)
    with empty.write() as uow:
        assert uow.sessions.not_answered("vsco:j0", now) == now
        assert uow.sessions.not_answered("vsco:j0", now + timedelta(hours=1)) == now
        [row] = uow.sessions.in_state("due")
        assert (row.name, row.unanswered_since, row.tried_at) == ("Ada", now, now + timedelta(hours=1))
        assert uow.records.cursor("vsco:jobs")
        assert uow.records.cursor("not_answered_since:vsco:j0") is None


def test_an_address_that_a_person_had_named_is_still_the_client_s(empty: SqlLedger) -> None:
    """Version 0.1 wrote a mail that bounced anew, to the address that was named."""
    bring_to(empty, "0004")
    put(empty, "invoices", **INVOICE)
    put(
        empty, "sessions", session_id="vsco:j0", source="vsco", job_id="j0", name="Ada", state="billed",
        trigger_policy="fulfillment", first_observed_at=AT,
    )  # fmt: skip
    anew = {"kind": "mail", "subject_id": "inv_old", "parameters_sha256": "0", "not_before": AT, "attempts": 1}
    for number, (state, to) in enumerate([("failed", "a@x"), ("done", "b@x"), ("done", "c@x")]):
        elsewhere = ', "sent_elsewhere": 1' if number else ""
        parameters = f'{{"to": "{to}.example", "invoice_id": "inv_old"{elsewhere}}}'
        mail = {"effect_id": f"eff_{number}", "key": f"{number}", "purpose": f"reminder:{number}", "state": state}
        at = AT.replace("T09", f"T1{number}")
        put(empty, "effects", parameters=parameters, created_at=at, lease_fence=1, **anew, **mail)

    migrate(empty.engine)

    with empty.read() as uow:
        given = uow.correspondence.addresses("vsco", "c0", Origin.GIVEN)
        assert given == Addresses(("c@x.example",), datetime(2026, 1, 2, 12, tzinfo=UTC))
        assert uow.correspondence.addresses("vsco", "c0", Origin.BOOKED) is None
