"""What the operator asks of the ledger as a whole, after a few days of a studio."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from studio import Studio

from billing.adapters.ledger.overview import BilledFrom, CommandState, EffectRow, InvoiceHead, Overview, SessionHead
from billing.domain.money import Money
from billing.domain.settlements import DisputeStatus
from billing.services.commands.carry_out import submit

BILLED_AFTER, PAID_AFTER = timedelta(minutes=4), timedelta(hours=3)


@pytest.fixture
def paid_and_open(studio: Studio) -> Studio:
    """One session whose invoice is paid and whose gallery is open; one whose invoice, mailed later, is open."""
    studio.with_gallery("j1")
    studio.session("j2")
    studio.observe()
    studio.clock.at += BILLED_AFTER
    studio.round()
    studio.pay_on_page("j1")
    studio.clock.at += PAID_AFTER
    studio.round()
    studio.round()
    return studio


def seen(studio: Studio) -> Overview:
    return Overview(studio.ledger.engine)


def number(studio: Studio, job_id: str = "j1") -> str:
    return str(studio.invoice(job_id).invoice.number)


def head(studio: Studio, job_id: str, seconds: float | None) -> InvoiceHead:
    invoice = studio.invoice(job_id).invoice
    return InvoiceHead(
        invoice.invoice_id, str(invoice.number), f"vsco:{job_id}", f"Ada {job_id}", "invoice", Money(50_000, "EUR"),
        seconds,
    )  # fmt: skip


def test_sessions_are_told_with_why_they_are_where_they_are(paid_and_open: Studio) -> None:
    paid_and_open.session("j3", job={"sample": True})
    paid_and_open.clock.at += timedelta(minutes=5)
    paid_and_open.observe()

    assert seen(paid_and_open).sessions_by_state() == {"billed": 2, "excluded": 1}
    *billed, left_out = seen(paid_and_open).sessions()
    assert billed == [
        SessionHead(f"vsco:{job_id}", job_id, f"Session {job_id}", "billed", None) for job_id in ("j1", "j2")
    ]
    assert left_out == SessionHead("vsco:j3", "j3", "Session j3", "excluded", "a sample job")


def test_invoices_are_told_with_the_time_until_the_client_had_them(paid_and_open: Studio) -> None:
    paid_and_open.session("j3")
    paid_and_open.observe()
    paid_and_open.clock.at += timedelta(minutes=10)
    paid_and_open.round()

    assert seen(paid_and_open).invoices() == [
        head(paid_and_open, "j1", BILLED_AFTER.total_seconds()),
        head(paid_and_open, "j2", BILLED_AFTER.total_seconds()),
        head(paid_and_open, "j3", 600.0),
    ]


def test_an_invoice_that_did_not_reach_the_client_has_no_time(studio: Studio) -> None:
    studio.session("j1")
    studio.bill()

    assert seen(studio).invoices() == [head(studio, "j1", None)]


def test_money_and_galleries_are_counted(paid_and_open: Studio) -> None:
    paid_and_open.pay_by_cheque("j2", 20_000)
    paid_and_open.clock.at += timedelta(hours=1)
    paid_and_open.round()
    paid_and_open.pay_on_page("j2", 30_000)
    paid_and_open.clock.at += timedelta(hours=1)
    paid_and_open.round()

    overview = seen(paid_and_open)
    assert overview.captured() == Counter({"EUR": 80_000, "count": 2})  # by the provider; the cheque came to the office
    assert overview.payments_recorded() == 3
    assert overview.granted_invoices() == [paid_and_open.invoice("j1").invoice.invoice_id]
    assert overview.galleries_opened() == 1


def test_a_charge_that_waits_for_its_day_is_told_from_work_that_stands_ready(studio: Studio) -> None:
    studio.policy = replace(studio.policy, autopay_notice_days=3)
    studio.autopay()
    studio.round()

    now = studio.clock.now()
    assert seen(studio).unfinished_effects(now) == {("charge", "announced"): 1}
    assert seen(studio).unfinished_effects(now + timedelta(days=3)) == {("charge", "ready"): 1}


def test_a_gallery_that_was_closed_is_open_no_more_and_the_dispute_is_of_its_invoice(paid_and_open: Studio) -> None:
    paid_and_open.gateway.dispute("pi_1")
    paid_and_open.gateway.end_dispute("dp_1", DisputeStatus.LOST)
    for _ in range(2):
        paid_and_open.round()

    overview, invoice_id = seen(paid_and_open), paid_and_open.invoice("j1").invoice.invoice_id
    assert overview.granted_invoices() == []
    assert overview.galleries_opened() == 1
    [payment_id] = paid_and_open.column("select payment_id from payments")
    assert overview.invoices_of_money() == {payment_id: invoice_id, "dp_1": invoice_id}


def test_unfinished_work_is_counted_by_kind_and_state(paid_and_open: Studio) -> None:
    assert seen(paid_and_open).unfinished_effects(paid_and_open.clock.now()) == {}

    paid_and_open.session("j3")
    paid_and_open.bill()

    assert seen(paid_and_open).unfinished_effects(paid_and_open.clock.now()) == {("pay_link", "ready"): 1}
    [waiting] = [row for row in seen(paid_and_open).effects() if row.state == "ready"]
    invoice_id = paid_and_open.invoice("j3").invoice.invoice_id
    key = f"pay_link:balance:{invoice_id}:50000"
    assert waiting == EffectRow(waiting.effect_id, "pay_link", "balance", invoice_id, key, "ready", None)
    assert seen(paid_and_open).effects()[-1] == waiting  # the newest last


def test_a_command_waits_and_then_says_what_came_of_it(paid_and_open: Studio) -> None:
    arguments = {"number": number(paid_and_open, "j2"), "amount_minor": 100}
    command_id = submit(paid_and_open.ledger, "credit", arguments, "olga", "by phone", paid_and_open.clock.now())

    assert seen(paid_and_open).commands_waiting() == 1
    assert seen(paid_and_open).command(command_id) == CommandState("waiting", None)

    paid_and_open.round()

    assert seen(paid_and_open).commands_waiting() == 0
    told = seen(paid_and_open).command(command_id)
    assert told is not None
    assert (told.state, str(told.outcome)[:27]) == ("done", "INV-2026-0002 asks for 1.00")
    assert seen(paid_and_open).command(command_id + 1) is None


def test_what_waits_for_a_person_is_told_until_it_is_settled(paid_and_open: Studio) -> None:
    now = paid_and_open.clock.now()
    with paid_and_open.ledger.write() as uow:
        uow.tasks.raise_task("inv_1", "client_credit", "Refund it.", now)
        uow.tasks.raise_task("inv_2", "client_credit", "Refund it.", now)
        uow.tasks.resolve("inv_2", None, "olga", now)

    assert seen(paid_and_open).attention_codes() == [("inv_1", "client_credit")]


def test_cursors_and_pins_are_told_by_name(paid_and_open: Studio) -> None:
    with paid_and_open.ledger.write() as uow:
        uow.operations.pin("stripe_account", "acct_1", paid_and_open.clock.now())
    [(name, _), *_] = moved = paid_and_open.rows("select name, updated_at from cursors order by name")

    assert seen(paid_and_open).cursor_moved_at(name) == paid_and_open.clock.now(), moved
    assert seen(paid_and_open).cursor_moved_at("no such") is None
    assert seen(paid_and_open).pinned("stripe_account") == "acct_1"
    assert seen(paid_and_open).pinned("no such") is None


def test_an_invoice_leads_to_the_job_and_the_records_it_was_made_of(paid_and_open: Studio) -> None:
    [horizon] = paid_and_open.column("select record_horizon from invoices where session_id = 'vsco:j2'")

    assert seen(paid_and_open).billed_from(number(paid_and_open, "j2")) == BilledFrom("vsco", "j2", horizon)
    assert seen(paid_and_open).billed_from("INV-1999-0001") is None


def test_the_history_of_an_invoice_is_its_own_in_the_order_of_time(paid_and_open: Studio) -> None:
    paid_and_open.ask("refund", number=number(paid_and_open), amount_minor=100)
    paid_and_open.ask("pause_reminders", number=number(paid_and_open, "j2"))
    paid_and_open.clock.at += timedelta(hours=1)
    paid_and_open.round()
    paid_and_open.round()

    told = seen(paid_and_open).history(number(paid_and_open))

    assert {event.kind for event in told} == {
        "invoice_finalized", "invoice_sent", "payment_recorded", "payment_written_back", "receipt_sent",
        "gallery_granted", "gallery_sent", "command_refund_done", "payment_refunded", "invoice_credited", "refund_sent",
    }  # fmt: skip
    assert [event.at for event in told] == sorted(event.at for event in told)
    assert [event.kind for event in told][:2] == ["invoice_finalized", "invoice_sent"]
    [asked] = [event for event in told if event.kind == "command_refund_done"]
    assert (asked.actor, asked.subject_id, asked.body["reason"]) == ("olga", number(paid_and_open), "asked by phone")
    assert len({event.event_id for event in told}) == len(told)
    assert seen(paid_and_open).history("INV-1999-0001") == []
