"""Nothing is billed from old records, and an order that changes after its invoice is seen, never billed twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from studio import Studio, order

from billing.domain.errors import TemporaryError
from billing.domain.money import Money
from billing.domain.policy import DailyLimits
from billing.services.collections.follow_up import plan_follow_ups

DOWN = TemporaryError("vsco_unreachable", "VSCO Workspace is down.")


def test_a_session_held_back_by_the_limit_is_read_again_before_it_is_billed(studio: Studio) -> None:
    studio.policy = replace(studio.policy, limits=DailyLimits(invoices=1))
    studio.session("j1")
    studio.session("j2")
    studio.round()
    late = next(job for job in ("j1", "j2") if studio.state_of(job) == "due")
    studio.session(late, order(f"o-{late}", 70_000))
    studio.source.jobs.clear()  # the order changes and its job does not: the poll tells nothing of it
    studio.source.put(studio.session(late, order(f"o-{late}", 70_000)), studio.clock.now().replace(year=2020))
    studio.tomorrow()
    studio.bill()

    assert studio.invoice(late).invoice.total_minor == 70_000


def test_a_session_that_waited_for_the_first_day_of_billing_is_read_again(studio: Studio) -> None:
    studio.policy = replace(studio.policy, billing_starts_on=None)
    facts = studio.session()
    studio.round()
    studio.source.put(replace(facts, orders=(order("o-j1", 70_000),)), studio.clock.now().replace(year=2020))
    studio.policy = replace(studio.policy, billing_starts_on=date(2026, 1, 1))
    studio.clock.go(hours=1)
    studio.source.line.fail("related:j1", DOWN)
    studio.bill()
    assert studio.state_of() == "due"  # rather late than from old records
    studio.bill()

    assert studio.invoice().invoice.total_minor == 70_000


def test_an_order_that_changes_after_it_was_billed_goes_to_a_person_once(studio: Studio) -> None:
    studio.session()
    studio.round()
    studio.clock.go(hours=1)
    studio.session("j1", order("o-j1", 65_000), job={"name": "Changed"})
    studio.round()

    [((subject, code), sentence)] = studio.open_items().items()
    assert (subject, code) == (studio.invoice().invoice.invoice_id, "order_changed")
    assert "billed were 500.00 EUR, now it is 650.00 EUR" in sentence
    assert len(studio.invoices()) == 1

    studio.ask("resolve", subject=subject)
    studio.clock.go(days=2)
    studio.round()
    assert studio.codes() == []


def test_an_order_that_changes_without_its_job_is_noticed_within_a_day(studio: Studio) -> None:
    facts = studio.session()
    studio.round()
    studio.source.put(replace(facts, orders=(order("o-j1", 65_000),)), studio.clock.now().replace(year=2020))
    studio.clock.go(hours=25)
    studio.round()
    assert studio.codes() == ["order_changed"]

    studio.pay_on_page()
    studio.round()
    assert studio.codes() == ["order_changed"]  # that what was billed is paid says nothing of the change

    studio.source.put(facts, studio.clock.now().replace(year=2020))
    studio.clock.go(hours=25)
    studio.round()
    assert studio.codes() == []


def test_a_change_is_seen_though_another_order_of_the_session_is_set_aside(studio: Studio) -> None:
    wrong = order("b", total=Money(1, "EUR"))
    studio.session("j1", order("o-j1"), wrong)
    studio.round()
    assert (studio.state_of(), studio.codes()) == ("attention", ["total_mismatch"])
    studio.clock.go(hours=1)
    studio.session("j1", order("o-j1", 65_000), wrong, job={"name": "Changed"})
    studio.round()

    assert studio.codes() == ["order_changed", "total_mismatch"]


def test_nobody_is_reminded_of_a_sum_that_may_be_another_until_a_person_has_decided(studio: Studio) -> None:
    facts = studio.session()
    studio.round()
    studio.clock.go(hours=1)
    studio.source.put(replace(facts, orders=(order("o-j1", 30_000),), job=replace(facts.job, name="Changed")))
    studio.round()
    studio.clock.go(days=20)
    assert not plan_follow_ups(studio.ctx)

    studio.ask("resolve", subject=studio.invoice().invoice.invoice_id)

    assert sum(plan_follow_ups(studio.ctx).values()) == 1


@pytest.mark.parametrize("change", ["voided", "gone"])
def test_an_order_voided_or_deleted_after_it_was_billed_goes_to_a_person(studio: Studio, change: str) -> None:
    facts = studio.session()
    studio.round()
    studio.clock.go(hours=1)
    orders = (order("o-j1", status="voided"),) if change == "voided" else ()
    studio.source.put(replace(facts, orders=orders, job=replace(facts.job, name="Changed")))
    studio.round()

    assert f"now it is {change}" in studio.open_items()[studio.invoice().invoice.invoice_id, "order_changed"]


def test_payments_written_back_are_no_change_of_the_order(studio: Studio) -> None:
    facts = studio.session()
    studio.round()
    studio.pay_on_page()
    studio.clock.go(hours=1)
    paid = order("o-j1", status="paid-in-full", balance=Money(0, "EUR"))
    studio.source.put(replace(facts, orders=(paid,), job=replace(facts.job, name="Changed")))
    studio.round()

    assert studio.codes() == []
    assert studio.state_of() == "billed"


def test_an_order_added_after_billing_is_its_own_invoice_and_a_voided_one_stays_void(studio: Studio) -> None:
    studio.session("j1", order("a"), order("b"))
    studio.round()
    studio.ask("void", number="INV-2026-0001")
    studio.clock.go(hours=1)
    studio.session("j1", order("a"), order("b"), order("prints", 8_000), job={"name": "Changed"})
    studio.round()
    studio.round()

    assert [(row.invoice.total_minor, row.is_void) for row in studio.invoices()] == [
        (50_000, True), (50_000, False), (8_000, False),
    ]  # fmt: skip
    assert studio.state_of() == "billed"


def test_a_session_that_does_not_answer_for_hours_is_shown_until_it_does(studio: Studio) -> None:
    studio.session()
    studio.source.line.fail("related:j1", DOWN, times=3)
    studio.round()
    studio.clock.go(hours=2)
    studio.round()
    assert studio.codes() == []
    studio.clock.go(hours=2)
    studio.round()
    assert studio.codes() == ["session_not_answered"]

    studio.round()
    assert studio.codes() == []
    assert studio.state_of() == "billed"
