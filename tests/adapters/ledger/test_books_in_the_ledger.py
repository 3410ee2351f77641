"""Totals of the journal, differences, sessions that are woken and effects that are opened again, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from paper import LATER, NOW, charge, finalized, session
from sqlalchemy import select, text

from billing.adapters.ledger.overview import Overview
from billing.adapters.ledger.schema import differences
from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.books import Entry, Posting
from billing.domain.effects import EffectKind, EffectState, Outcome
from billing.domain.events import DomainEvent
from billing.domain.money import Money
from billing.ports.operations import Difference, Heartbeat, Reconciliation

OFF = Difference("stripe", "pi_1", "amount_differs", "It is 5.00 there.", "EUR", 400, 500)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def test_totals_are_those_of_the_journal_as_it_was(ledger: SqlLedger) -> None:
    finalized(ledger)
    finalized(ledger, "inv_2", "o2")
    three = (Entry("bank", "", usd(7)), Entry("stripe_fees", "", usd(2)), Entry("receivable", "inv_3", usd(-9)))
    with ledger.write() as uow:
        uow.journal.post(Posting("paid:1", "payment_received", "inv_3", NOW.date(), three), NOW)
    with ledger.read() as uow:
        found = {entries: uow.journal.totals(entries) for entries in range(9)}

    first = {("receivable", "EUR"): (1, 500), ("revenue", "EUR"): (1, -500)}
    second = {("receivable", "EUR"): (2, 1000), ("revenue", "EUR"): (2, -1000)}
    in_dollars = {("bank", "USD"): (1, 7), ("stripe_fees", "USD"): (1, 2), ("receivable", "USD"): (1, -9)}
    assert {entries: totals for entries, totals in found.items() if totals} == {
        2: first, 4: second, 7: second | in_dollars,
    }  # fmt: skip


def test_the_history_of_an_invoice_is_its_own(ledger: SqlLedger) -> None:
    finalized(ledger)
    number = str(finalized(ledger, "inv_2", "o2").number)
    with ledger.write() as uow:
        for event, subject in enumerate(("inv_1", "inv_2", number, "a client")):
            uow.journal.record_event(DomainEvent(f"e{event}", "said", subject, NOW))

    assert [event.event_id for event in Overview(ledger.engine).history(number)] == ["e1", "e2"]


def reconciled(ledger: SqlLedger, *found: Difference, scope: str = "stripe") -> Reconciliation:
    done = Reconciliation(scope, NOW, LATER, 7, len(found))
    with ledger.write() as uow:
        uow.operations.record_reconciliation(done, found, LATER)
    return done


def test_since_when_a_difference_is_gone_is_not_written_over(ledger: SqlLedger) -> None:
    for now, found in ((NOW, [OFF]), (LATER, []), (LATER + timedelta(hours=1), [])):
        with ledger.write() as uow:
            uow.operations.record_reconciliation(Reconciliation("stripe", now, now, 7, len(found)), found, now)

    with ledger.engine.connect() as connection, connection.begin():
        assert connection.execute(select(differences.c.closed_at)).scalars().all() == [LATER]


def test_a_difference_is_open_as_it_was_told_last_until_it_is_not_found_any_more(ledger: SqlLedger) -> None:
    other = replace(OFF, subject_id="pi_2")
    reconciled(ledger, OFF, other)
    reconciled(ledger, replace(OFF, scope="vsco"), scope="vsco")
    told_anew = replace(OFF, sentence="It is 6.00 there.", outside_minor=600, currency="USD", ledger_minor=None)
    last = reconciled(ledger, told_anew, other)

    with ledger.read() as uow:
        assert uow.operations.open_differences("stripe") == [told_anew, other]
        assert len(uow.operations.open_differences()) == 3
        assert uow.operations.last_reconciliation("stripe") == last
        assert uow.operations.last_reconciliation("galleries") is None

    reconciled(ledger, other)
    with ledger.read() as uow:
        assert uow.operations.open_differences("stripe") == [other]
        assert uow.operations.open_differences("vsco") == [replace(OFF, scope="vsco")]


def test_a_difference_that_comes_back_is_another_row(ledger: SqlLedger) -> None:
    for found in ([OFF], [], [OFF]):
        reconciled(ledger, *found)

    with ledger.read() as uow:
        assert uow.operations.open_differences("stripe") == [OFF]
    with ledger.engine.connect() as connection, connection.begin():
        assert connection.execute(text("select count(*), count(closed_at) from differences")).one() == (2, 1)


def test_heartbeats_are_the_last_of_each_by_name(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for name, at in (("payments", NOW), ("bookings", NOW), ("payments", LATER)):
            uow.operations.beat(name, timedelta(minutes=1), at)
        found = uow.operations.heartbeats()

    assert found == [
        Heartbeat("bookings", timedelta(minutes=1), NOW),
        Heartbeat("payments", timedelta(minutes=1), LATER),
    ]


def test_a_session_that_is_woken_was_completed_then_and_is_seen_now(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.sessions.observe(session("j1", "expected"), "session_ended")
        uow.sessions.observe(session("j2", "expected"), "session_ended")
        uow.sessions.wake("vsco:j1", "excluded", "a present", date(2026, 3, 4), LATER)
        woken, other = uow.sessions.get("vsco:j1"), uow.sessions.get("vsco:j2")

    assert woken == replace(session("j1", "excluded"), completed_on=date(2026, 3, 4), first_observed_at=LATER)
    assert other == session("j2", "expected")
    with ledger.engine.connect() as connection, connection.begin():
        reasons = connection.execute(text("select reason from sessions order by session_id")).scalars()
        assert list(reasons) == ["a present", None]


@pytest.mark.parametrize("state", [EffectState.READY, EffectState.DONE, EffectState.UNKNOWN])
def test_an_effect_that_is_opened_again_is_held_by_nobody(ledger: SqlLedger, state: EffectState) -> None:
    with ledger.write() as uow:
        for subject in ("inv_1", "inv_2"):
            uow.effects.intend(charge(subject), NOW)
        held, _ = uow.effects.claim([EffectKind.CHARGE], "me", NOW, LATER, 2)
        uow.effects.reopen(held.effect_id, state, LATER)
        now = uow.effects.get(held.effect_id)
        lapsed = [effect.effect_id for effect in uow.effects.lapsed(LATER + timedelta(days=1))]
        to_ask = [effect.effect_id for effect in uow.effects.to_ask(LATER)]
        too_early = uow.effects.to_ask(NOW)

    assert now is not None
    assert now.state is state
    assert held.effect_id not in lapsed
    assert len(lapsed) == 1  # the other one is held as before
    assert now.unknown_since == (LATER if state is EffectState.UNKNOWN else None)
    assert to_ask == ([held.effect_id] if state is EffectState.UNKNOWN else [])
    assert too_early == []


def test_what_was_asked_about_is_asked_anew_from_the_start_once_it_is_tried_again(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.effects.intend(charge(), NOW)
        [held] = uow.effects.claim([EffectKind.CHARGE], "me", NOW, LATER, 1)
        uow.effects.settle(held, Outcome(EffectState.UNKNOWN, "time_out", retry_at=NOW), NOW)
        [asked] = uow.effects.claim_unknown(EffectKind.CHARGE, "me", NOW, LATER)
        uow.effects.settle(asked, Outcome(EffectState.UNKNOWN, "time_out", retry_at=NOW), NOW)
        doubted = uow.effects.get(held.effect_id)
        uow.effects.reopen(held.effect_id, EffectState.READY, LATER)
        again = uow.effects.get(held.effect_id)

    assert doubted is not None
    assert again is not None
    assert doubted.asked > 0
    assert (again.asked, again.unknown_since) == (0, None)
