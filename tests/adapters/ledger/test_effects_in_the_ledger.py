"""Leases, fences and outcomes, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from paper import LATER, NOW, charge, mail

from billing.adapters.ledger.books import SqlBooks, SqlLedger
from billing.domain.effects import Effect, EffectKind, EffectState, Intent, Outcome
from billing.domain.errors import PermanentError

LEASE = NOW + timedelta(minutes=5)
DONE = Outcome(EffectState.DONE, "accepted", "sent", "ref")


def claim(books: SqlBooks, kind: EffectKind = EffectKind.MAIL, limit: int = 9) -> list[Effect]:
    return books.effects.claim([kind], "me", NOW, LEASE, limit)


def test_what_is_due_is_claimed_as_it_was_intended_whatever_the_clock_said(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        books.effects.intend(mail("b"), LATER)
        books.effects.intend(mail("a"), NOW)
        books.effects.intend(Intent(EffectKind.MAIL, "x", "c", {}, not_before=LATER), NOW)
        books.effects.intend(charge(), NOW)
        assert [kind for _, kind in books.effects.due(NOW)] == [EffectKind.MAIL, EffectKind.CHARGE]
        first = claim(books, limit=1)
        rest = books.effects.claim([EffectKind.MAIL], "me", LATER, LEASE, 9)

    assert [effect.subject_id for effect in first + rest] == ["a", "b", "c"]
    assert {(effect.state, effect.attempts, effect.fence) for effect in first} == {(EffectState.IN_FLIGHT, 1, 1)}


def test_two_workers_never_get_the_same_effect(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        for number in range(40):
            books.effects.intend(mail(f"s{number}"), NOW)

    def work(_worker: int) -> list[str]:
        mine: list[str] = []
        while True:
            with ledger.write() as books:
                got = claim(books, limit=3)
            if not got:
                return mine
            mine += [effect.effect_id for effect in got]

    with ThreadPoolExecutor(4) as pool:
        taken = [effect_id for mine in pool.map(work, range(4)) for effect_id in mine]

    assert len(taken) == len(set(taken)) == 40


def test_the_outcome_of_a_late_worker_is_refused(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        books.effects.intend(mail(), NOW)
        [late] = claim(books)
        assert books.effects.lapsed(LEASE + timedelta(seconds=1)) == [late]
        assert books.effects.settle(late, Outcome(EffectState.UNKNOWN, "worker_lost"), LATER)
        [asker] = books.effects.claim_unknown(EffectKind.MAIL, "asker", LATER, LATER + timedelta(minutes=5))
        assert not books.effects.settle(late, DONE, LATER)
        with pytest.raises(PermanentError, match="held by another worker"):
            books.effects.note_reference(late, "x")
        assert books.effects.settle(asker, DONE, LATER)
        assert not books.effects.settle(asker, Outcome(EffectState.FAILED, "no"), LATER)
        kept = books.effects.get(late.effect_id)
        assert kept is not None
        assert (kept.state, kept.provider_reference) == (EffectState.DONE, "ref")


def test_what_is_unknown_is_asked_about_by_one_worker_at_a_time_and_when_it_is_time(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        books.effects.intend(charge(), NOW)
        [effect] = claim(books, EffectKind.CHARGE)
        books.effects.note_reference(effect, "pi_1")
        books.effects.settle(effect, Outcome(EffectState.UNKNOWN, "cut", retry_at=LATER), NOW)
        assert books.effects.to_ask(NOW) == []
        assert [one.provider_reference for one in books.effects.to_ask(LATER)] == ["pi_1"]
        [asked] = books.effects.claim_unknown(EffectKind.CHARGE, "a", LATER, LATER + timedelta(minutes=5))
        assert books.effects.claim_unknown(EffectKind.CHARGE, "b", LATER, LATER + timedelta(minutes=5)) == []
        later = LATER + timedelta(minutes=6)
        assert [one.fence for one in books.effects.claim_unknown(EffectKind.CHARGE, "b", later, later)] == [3]
        assert asked.attempts == 1


def test_a_temporary_failure_waits_for_its_time(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        books.effects.intend(mail(), NOW)
        [effect] = claim(books)
        books.effects.settle(effect, Outcome(EffectState.READY, "busy", retry_at=LATER), NOW)
        assert claim(books) == []
        assert books.effects.due(NOW) == []
        assert len(books.effects.claim([EffectKind.MAIL], "me", LATER, LEASE, 1)) == 1


def test_mails_of_a_subject_are_told_by_purpose_and_day_without_those_given_up(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        for purpose, state in (
            ("reminder:first", EffectState.DONE),
            ("reminder:second", EffectState.CANCELLED),
            ("reminder:third", EffectState.FAILED),
            ("reminder_x", EffectState.DONE),
        ):
            books.effects.intend(mail(purpose=purpose), NOW)
            [effect] = claim(books)
            books.effects.settle(effect, Outcome(state, "x"), LATER)
        books.effects.intend(mail(purpose="reminder:fourth"), NOW)

        sent = books.effects.sent_on("inv_1", "reminder:")

    assert sent == [("reminder:fourth", NOW), ("reminder:first", LATER), ("reminder:third", LATER)]


def test_a_percent_sign_in_a_prefix_is_no_wildcard(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        books.effects.intend(mail(purpose="reminder:first"), NOW)

        assert books.effects.sent_on("inv_1", "re%:") == []


def test_a_limit_counts_what_was_tried_since_midnight(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        for number, state in enumerate(
            (EffectState.DONE, EffectState.FAILED, EffectState.UNKNOWN, EffectState.CANCELLED)
        ):
            books.effects.intend(mail(f"s{number}"), NOW)
            [effect] = claim(books)
            books.effects.settle(effect, Outcome(state, "x"), NOW)
        books.effects.intend(mail("ready"), NOW)
        books.effects.intend(mail("flying"), NOW - timedelta(days=3))
        claim(books, limit=1)

        assert books.effects.intended_since(EffectKind.MAIL, NOW) == 4
        assert books.effects.intended_since(EffectKind.MAIL, LATER) == 1


def test_effects_are_found_by_subject_kind_and_state(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        books.effects.intend(mail(), NOW)
        books.effects.intend(charge(), NOW)
        assert len(books.effects.of_subject("inv_1")) == 2
        [found] = books.effects.of_subject("inv_1", EffectKind.CHARGE)
        assert books.effects.in_state(EffectState.READY, EffectKind.CHARGE) == [found]
        assert len(books.effects.in_state(EffectState.READY)) == 2
        books.effects.reopen(found.effect_id, EffectState.FAILED, NOW)
        assert books.effects.in_state(EffectState.FAILED) == books.effects.of_subject("inv_1", EffectKind.CHARGE)
        assert books.effects.get("eff_none") is None


def test_commands_wait_until_they_are_settled(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        number = books.desk.submit("void", {"number": "INV-1"}, "olga", "wrong", NOW)
        assert books.desk.is_waiting(number)
        [command] = books.desk.waiting_commands()
        assert (command.name, command.arguments, command.actor) == ("void", {"number": "INV-1"}, "olga")
        books.desk.settle_command(number, "done", "void", LATER)
        assert not books.desk.is_waiting(number)
        assert books.desk.waiting_commands() == []


def test_a_restore_doubts_all_that_is_open_and_fences_off_who_holds_it(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        for subject in ("held", "ready", "done"):
            books.effects.intend(Intent(EffectKind.CHARGE, "autopay", subject, {}), NOW)
        held, done = books.effects.claim([EffectKind.CHARGE], "a", NOW, NOW + timedelta(minutes=5), 2)
        books.effects.settle(done, Outcome(EffectState.DONE, "succeeded"), NOW)
        doubted = books.effects.doubt_all("restored", "a backup was restored", NOW)
        late = books.effects.settle(held, Outcome(EffectState.DONE, "succeeded"), NOW)

    assert len(doubted) == 2
    assert {effect.outcome_code for effect in doubted} == {"restored"}
    assert not late


def test_questions_are_counted_since_the_outcome_became_unknown_and_anew_the_next_time(ledger: SqlLedger) -> None:
    later = NOW + timedelta(hours=1)
    with ledger.write() as books:
        books.effects.intend(Intent(EffectKind.CHARGE, "autopay", "inv_1", {}), NOW)
        [effect] = books.effects.claim([EffectKind.CHARGE], "a", NOW, later, 1)
        books.effects.settle(effect, Outcome(EffectState.UNKNOWN, "cut"), NOW)
        for moment in (NOW, later):
            [effect] = books.effects.claim_unknown(EffectKind.CHARGE, "a", moment, moment)
            books.effects.settle(effect, Outcome(EffectState.UNKNOWN, "cut", retry_at=later), moment)
        [unknown] = books.effects.in_state(EffectState.UNKNOWN)
        assert (unknown.asked, unknown.unknown_since) == (2, NOW)
        books.effects.settle(unknown, Outcome(EffectState.READY, "never_created"), later)

        [ready] = books.effects.in_state(EffectState.READY)
        assert (ready.asked, ready.unknown_since) == (0, None)


def test_overdue_is_what_is_ready_past_its_time_or_open_for_long(ledger: SqlLedger) -> None:
    with ledger.write() as books:
        for subject, not_before in (("old", NOW), ("later", NOW + timedelta(days=3))):
            books.effects.intend(Intent(EffectKind.CHARGE, "autopay", subject, {}, not_before), NOW)
        books.effects.intend(Intent(EffectKind.WRITE_BACK, "payment", "begun", {}), NOW)
        books.effects.claim([EffectKind.WRITE_BACK], "a", NOW, NOW, 1)
        overdue = {effect.subject_id for effect in books.effects.overdue(NOW + timedelta(days=1))}

    assert overdue == {"old", "begun"}
