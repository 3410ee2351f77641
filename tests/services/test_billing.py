"""From a completed session to its invoice: noticed once, checked, finalized once, in review or by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from studio import Studio, order

from billing.adapters.ledger.schema import metadata
from billing.domain.errors import PermanentError, TemporaryError
from billing.domain.money import Money
from billing.domain.policy import DailyLimits, JobFilter, Trigger
from billing.domain.sessions import Stage
from billing.services.intake.observe_sessions import fetch_session_records, observe_jobs, shared_records
from billing.services.invoicing.draft_invoices import draft_from_records, draft_session
from billing.services.invoicing.issue_invoices import Billed, bill_due_sessions, bill_session


def test_a_completed_session_becomes_one_invoice_however_often_it_is_looked_at(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.session(job={"name": "Renamed"})
    studio.round()
    studio.round()

    assert [row.invoice.number for row in studio.invoices()] == ["INV-2026-0001"]
    assert studio.state_of() == "billed"
    assert len(studio.gateway.links) == 1
    assert len(studio.mailer.sent) == 1


def test_reading_reaches_back_a_little_and_the_watermark_moves_only_when_it_was_reached(studio: Studio) -> None:
    for number in range(5):
        studio.session(f"j{number}")

    cut_short = observe_jobs(studio.ctx, max_pages=1)
    whole = observe_jobs(studio.ctx)
    again = observe_jobs(studio.ctx)
    studio.clock.go(minutes=20)
    studio.session("j9")
    observe_jobs(studio.ctx)
    after = observe_jobs(studio.ctx)

    assert (cut_short.complete, cut_short.jobs_read, cut_short.sessions_new) == (False, 2, 2)
    assert (whole.complete, whole.jobs_read, whole.records_new, whole.sessions_new) == (True, 5, 3, 3)
    assert (again.jobs_read, again.records_new) == (5, 0)
    assert after.jobs_read == 1


def test_a_job_dated_in_the_future_makes_nobody_deaf(studio: Studio) -> None:
    facts = studio.session("j1")
    studio.source.put(facts, datetime(2099, 1, 1, tzinfo=UTC))
    observe_jobs(studio.ctx)
    studio.clock.go(hours=1)
    studio.session("j2")
    observe_jobs(studio.ctx)

    assert studio.state_of("j2") == "due"


def test_an_empty_booking_system_moves_no_watermark(studio: Studio) -> None:
    assert observe_jobs(studio.ctx).jobs_read == 0
    assert studio.column("select name from cursors where name = 'vsco:jobs'") == []


@pytest.mark.parametrize(
    ("job", "jobs", "state"),
    [
        ({"sample": True}, JobFilter(), "excluded"),
        ({"job_type": "Test"}, JobFilter(left_out_job_types=("Test",)), "excluded"),
        ({"job_type": "Test"}, JobFilter(job_types=("Wedding",)), "excluded"),
        ({"brand": "Other"}, JobFilter(brands=("North",)), "excluded"),
        ({"custom_fields": {"Bill": "no"}}, JobFilter(custom_field="Bill=yes"), "excluded"),
        ({"custom_fields": {"Bill": "yes"}}, JobFilter(custom_field="Bill=yes"), "due"),
        ({"fulfilled_on": date(2025, 12, 31)}, JobFilter(), "history"),
        ({"stage": Stage.BOOKED}, JobFilter(), "unseen"),
    ],
)
def test_who_is_billed(studio: Studio, job: dict[str, Any], jobs: JobFilter, state: str) -> None:
    studio.policy = replace(studio.policy, jobs=jobs)
    studio.session(job=job)
    observe_jobs(studio.ctx)

    assert studio.state_of() == state


def test_what_was_seen_before_the_first_day_was_set_is_history_and_not_billed(studio: Studio) -> None:
    studio.policy = replace(studio.policy, billing_starts_on=None)
    studio.session("old", job={"fulfilled_on": date(2025, 6, 1)})
    studio.session("new")
    studio.round()
    assert studio.codes() == ["billing_starts_on_missing"]
    assert studio.mailer.sent == []

    studio.policy = replace(studio.policy, billing_starts_on=date(2026, 1, 1))
    studio.round()

    assert [studio.state_of(job) for job in ("old", "new")] == ["history", "billed"]
    assert studio.codes() == []


def test_completed_can_be_the_trigger(studio: Studio) -> None:
    studio.policy = replace(studio.policy, trigger=Trigger.COMPLETED)
    studio.session("j1")
    studio.session("j2", job={"stage": Stage.COMPLETED, "completed_on": date(2026, 3, 2)})
    observe_jobs(studio.ctx)

    assert [studio.state_of("j1"), studio.state_of("j2")] == ["unseen", "due"]


ODD: dict[str, dict[str, Any]] = {
    "no_order": {},
    "missing_email": {},
    "order_voided": {"status": "voided"},
    "order_draft": {"status": "draft"},
    "order_without_lines": {"lines": (), "total": Money(0, "EUR"), "balance": Money(0, "EUR")},
    "total_mismatch": {"total": Money(1, "EUR")},
    "balance_mismatch": {"balance": Money(1, "EUR")},
    "currency_mismatch": {"currency": "USD"},
}


@pytest.mark.parametrize("code", ODD)
def test_what_cannot_be_billed_waits_for_a_person_while_the_others_go_on(studio: Studio, code: str) -> None:
    facts = studio.session("j1", order("o-j1", **ODD[code]))
    if code == "no_order":
        studio.source.put(replace(facts, orders=()))
    if code == "missing_email":
        studio.source.put(replace(facts, client=replace(facts.client, emails=())))
    studio.session("j2")
    studio.round()

    assert [studio.state_of("j1"), studio.state_of("j2")] == ["attention", "billed"]
    [((subject, found), sentence)] = studio.open_items().items()
    assert (subject, found) == ("vsco:j1", code)
    assert sentence.endswith(".")

    studio.session("j1")
    studio.clock.go(minutes=10)
    studio.round()

    assert studio.state_of("j1") == "billed"
    assert studio.codes() == []


def test_another_trouble_takes_the_place_of_the_one_that_was_mended(studio: Studio) -> None:
    facts = studio.session()
    studio.source.put(replace(facts, orders=()))
    studio.round()
    studio.session("j1", order("o-j1", status="voided"))
    studio.clock.go(minutes=10)
    studio.round()

    assert studio.codes() == ["order_voided"]


def test_a_malformed_job_stops_no_other_and_its_item_closes_when_it_is_mended(studio: Studio) -> None:
    studio.session("j1")
    studio.session("j2")
    studio.source.spoil("j1")
    studio.session("j3")
    studio.source.spoil("j3", "{}")  # what the adapter did not foresee
    studio.round()
    assert studio.state_of("j2") == "billed"
    assert studio.codes() == ["malformed_record", "malformed_record"]

    studio.session("j1")
    studio.session("j3", job={"stage": Stage.BOOKED})
    studio.round()

    assert studio.state_of("j1") == "billed"
    assert studio.codes() == []


@pytest.mark.parametrize("error", [PermanentError("vsco_not_found", "Deleted."), KeyError("id")])
def test_a_job_whose_records_cannot_be_fetched_stops_no_other(studio: Studio, error: Exception) -> None:
    studio.session("j1")
    studio.session("j2")
    studio.source.line.fail("related:j1", error)
    studio.round()
    assert [studio.state_of("j1"), studio.state_of("j2")] == ["attention", "billed"]
    assert studio.codes() == ["session_not_read"]

    studio.round()
    assert studio.state_of("j1") == "attention"
    studio.clock.go(minutes=10)
    studio.round()

    assert studio.state_of("j1") == "billed"
    assert studio.codes() == []


def test_a_booking_system_that_is_down_for_one_call_is_tried_again(studio: Studio) -> None:
    studio.session("j1")
    studio.source.line.fail("related:j1", TemporaryError("vsco_unreachable", "Down."))
    studio.round()
    assert studio.state_of("j1") == "due"
    studio.round()
    assert studio.state_of("j1") == "billed"


def test_a_session_that_breaks_what_nobody_foresaw_stops_no_other(studio: Studio) -> None:
    studio.session("j1", order("o-j1", total=Money(0, "EUR"), balance=Money(0, "EUR")))
    studio.session("j2")
    studio.source.related["j1"][0] = replace(studio.source.related["j1"][0], body='{"order_id": 1}')
    studio.round()

    assert [studio.state_of("j1"), studio.state_of("j2")] == ["attention", "billed"]
    assert studio.codes() == ["unexpected"]


def test_an_order_taken_off_the_job_is_not_billed_with_it(studio: Studio) -> None:
    studio.session("j1", order("a"), order("b", status="draft"))
    studio.round()
    assert studio.codes() == ["order_draft"]
    studio.session("j1", order("a"))
    studio.clock.go(minutes=10)
    studio.round()

    assert studio.state_of("j1") == "billed"
    assert studio.codes() == []


def test_each_order_of_a_session_is_an_invoice_and_what_is_paid_asks_nothing(studio: Studio) -> None:
    zero = Money(0, "EUR")
    studio.session("j1", order("a"), order("b"), order("c", status="voided", balance=zero))
    studio.round()

    assert len(studio.invoices("j1")) == 2
    assert studio.codes() == []


def test_finalizing_twice_or_by_two_workers_is_one_invoice(studio: Studio) -> None:
    studio.session()
    studio.observe()
    with studio.ledger.read() as uow:
        [session] = uow.sessions.in_state("due")
    drafted = draft_session(studio.ctx, session, shared_records(studio.ctx))
    billed = Billed()
    for _ in range(2):
        bill_session(studio.ctx, session, drafted, billed)
    with studio.ledger.write() as uow:
        uow.sessions.settle("vsco:j1", "due", None, studio.clock.now())
    bill_session(studio.ctx, session, drafted, billed)

    assert len(billed.finalized) == 1
    assert studio.column("select next_sequence from number_series") == [2]


def test_the_limit_of_invoices_stops_asks_and_goes_on(studio: Studio) -> None:
    studio.policy = replace(studio.policy, limits=DailyLimits(invoices=2))
    for number in range(4):
        studio.session(f"j{number}")
    seen: list[tuple[int, int]] = []
    studio.observe()
    billed = bill_due_sessions(studio.ctx, progress=lambda done, of: seen.append((done, of)))
    assert (len(billed.finalized), billed.over_limit, seen) == (2, 2, [(1, 4), (2, 4)])
    assert studio.codes() == ["limit_invoices"]
    studio.ask("raise_limit", what="invoices", to=3)
    assert len(studio.bill().finalized) == 1
    studio.tomorrow()
    studio.bill()
    assert studio.codes() == []


def test_a_limit_of_sessions_is_not_used_up_by_those_that_are_not_read_yet(studio: Studio) -> None:
    studio.session("a")
    studio.source.line.fail("related:a", TemporaryError("x", "Down."))
    studio.session("b")
    studio.observe()

    assert len(bill_due_sessions(studio.ctx, limit=1).finalized) == 1


def test_what_was_known_when_it_was_billed_can_be_told(studio: Studio) -> None:
    studio.session()
    studio.round()
    [horizon] = studio.column("select record_horizon from invoices")
    studio.session("j1", order("o-j1", 99_000))
    studio.clock.go(minutes=1)
    with studio.ledger.write() as uow:
        uow.records.keep_all("vsco", "j1", studio.source.related_records("j1").records, studio.clock.now())
        now, then = uow.records.of_job("vsco", "j1"), uow.records.of_job("vsco", "j1", horizon)

    assert ["50000" in record.body for record in (now[-1], then[-1])] == [False, True]


def test_a_dry_run_writes_nothing(studio: Studio) -> None:
    studio.session()
    studio.observe()
    with studio.ledger.read() as uow:
        [session] = uow.sessions.in_state("due")
        records = uow.records.of_job("vsco", "j1")

    def dump() -> dict[str, list[Any]]:
        return {name: studio.rows(f"select * from {name}") for name in metadata.tables}

    before = dump()
    preview = draft_session(studio.ctx, session, shared_records(studio.ctx))
    same = draft_from_records(studio.ctx, session, records, shared_records(studio.ctx))

    assert preview.invoices == same.invoices
    assert dump() == before


def test_fetching_can_be_limited(studio: Studio) -> None:
    for number in range(3):
        studio.session(f"j{number}")
    observe_jobs(studio.ctx)

    assert fetch_session_records(studio.ctx, limit=2) == 2
    assert fetch_session_records(studio.ctx) == 1


def test_shared_records_are_fetched_once_a_day(studio: Studio) -> None:
    shared_records(studio.ctx)
    shared_records(studio.ctx)
    studio.tomorrow()
    shared_records(studio.ctx)

    assert studio.source.line.calls.count("shared") == 2
