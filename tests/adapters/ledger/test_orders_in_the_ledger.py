"""Invoices and drafts by their order, whatever session they are of; one live invoice for each, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from paper import DRAFT, LATER, NOW, finalized, session
from sqlalchemy.exc import IntegrityError

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.events import DomainEvent


@pytest.fixture
def two_jobs(ledger: SqlLedger) -> SqlLedger:
    """Jobs j1 and j2 of one booking system, and one of another."""
    with ledger.write() as uow:
        for row in (session("j1"), session("j2"), replace(session("j3"), session_id="tave:j3", source="tave")):
            uow.sessions.observe(row, "fulfillment")
    return ledger


def test_an_order_has_one_live_invoice_whatever_job_shows_it(two_jobs: SqlLedger) -> None:
    finalized(two_jobs, "inv_1", "o1", session_id="vsco:j1")

    with pytest.raises(IntegrityError, match="the order has a live invoice"):
        finalized(two_jobs, "inv_2", "o1", session_id="vsco:j2")
    finalized(two_jobs, "inv_3", "o1", session_id="tave:j3")  # another system's order
    finalized(two_jobs, "inv_4", "o2", session_id="vsco:j2")
    with two_jobs.write() as uow:
        uow.invoices.void("inv_1", "olga", "by mistake", NOW)
    finalized(two_jobs, "inv_2", "o1", session_id="vsco:j2", at=LATER)

    with two_jobs.read() as uow:
        found = [(row.invoice.invoice_id, row.is_void) for row in uow.invoices.of_order("vsco", "o1")]
    assert found == [("inv_1", True), ("inv_2", False)]


def test_a_number_that_was_taken_for_a_second_invoice_is_given_back(two_jobs: SqlLedger) -> None:
    finalized(two_jobs, "inv_1", "o1", session_id="vsco:j1")
    with pytest.raises(IntegrityError):
        finalized(two_jobs, "inv_2", "o1", session_id="vsco:j2")

    assert finalized(two_jobs, "inv_3", "o3", session_id="vsco:j2").number == "INV-0002"


def test_drafts_are_found_by_their_session_and_by_their_order(two_jobs: SqlLedger) -> None:
    with two_jobs.write() as uow:
        for draft_id, session_id, part, at in (
            ("d2", "vsco:j2", "o1", LATER), ("d1", "vsco:j1", "o1", NOW), ("d3", "vsco:j1", "o2", LATER),
            ("d4", "tave:j3", "o1", NOW),
        ):  # fmt: skip
            draft = replace(DRAFT, invoice_id=draft_id, session_id=session_id, part=part)
            uow.drafts.keep(draft, "waiting", at)
        uow.drafts.decide("d1", "discarded", "olga", LATER)

    with two_jobs.read() as uow:
        of_order = uow.drafts.of_order("vsco", "o1")
        of_session = uow.drafts.of_session("vsco:j1")

    assert [(draft.invoice.invoice_id, draft.state, draft.decided_by) for draft in of_order] == [
        ("d1", "discarded", "olga"), ("d2", "waiting", None),
    ]  # fmt: skip
    assert [draft.invoice.invoice_id for draft in of_session] == ["d1", "d3"]


def test_what_was_told_last_of_a_subject_is_the_newest_of_the_kinds_that_are_asked_for(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for number, (kind, subject) in enumerate([("a", "x"), ("b", "x"), ("c", "x"), ("a", "y")]):
            uow.journal.record_event(DomainEvent(f"e{number}", kind, subject, NOW, body={"n": number}))

        last = uow.journal.last_of("x", ("a", "b"))
        assert last == DomainEvent("e1", "b", "x", NOW, body={"n": 1})
        assert uow.journal.last_of("x", ("z",)) is None
        assert uow.journal.last_of("z", ("a",)) is None


def test_an_item_is_open_until_it_is_closed(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.tasks.raise_task("inv_1", "order_changed", "Look.", NOW)
        uow.tasks.raise_task("inv_1", "render_failed", "Look.", NOW)
        uow.tasks.resolve("inv_1", "order_changed", "olga", LATER)

        assert not uow.tasks.is_open("inv_1", "order_changed")
        assert uow.tasks.is_open("inv_1", "render_failed")
        assert not uow.tasks.is_open("inv_2", "render_failed")
