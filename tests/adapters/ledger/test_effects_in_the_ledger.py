"""Leases, fences and outcomes, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from paper import LATER, NOW, charge, mail

from billing.adapters.ledger.unit_of_work import SqlLedger, SqlUnitOfWork
from billing.domain.effects import Effect, EffectKind, EffectState, Intent, Outcome
from billing.domain.errors import PermanentError

LEASE = NOW + timedelta(minutes=5)
DONE = Outcome(EffectState.DONE, "accepted", "sent", "ref")


def claim(uow: SqlUnitOfWork, kind: EffectKind = EffectKind.MAIL, limit: int = 9) -> list[Effect]:
    return uow.effects.claim([kind], "me", NOW, LEASE, limit)


def test_what_is_due_is_claimed_as_it_was_intended_whatever_the_clock_said(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.effects.intend(mail("b"), LATER)
        uow.effects.intend(mail("a"), NOW)
        uow.effects.intend(Intent(EffectKind.MAIL, "x", "c", {}, not_before=LATER), NOW)
        uow.effects.intend(charge(), NOW)
        assert [kind for _, kind in uow.effects.due(NOW)] == [EffectKind.MAIL, EffectKind.CHARGE]
        first = claim(uow, limit=1)
        rest = uow.effects.claim([EffectKind.MAIL], "me", LATER, LEASE, 9)

    assert [effect.subject_id for effect in first + rest] == ["a", "b", "c"]
    assert {(effect.state, effect.attempts, effect.fence) for effect in first} == {(EffectState.IN_FLIGHT, 1, 1)}


def test_two_workers_never_get_the_same_effect(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for number in range(40):
            uow.effects.intend(mail(f"s{number}"), NOW)

    def work(_worker: int) -> list[str]:
        mine: list[str] = []
        while True:
            with ledger.write() as uow:
                got = claim(uow, limit=3)
            if not got:
                return mine
            mine += [effect.effect_id for effect in got]

    with ThreadPoolExecutor(4) as pool:
        taken = [effect_id for mine in pool.map(work, range(4)) for effect_id in mine]

    assert len(taken) == len(set(taken)) == 40


def test_the_outcome_of_a_late_worker_is_refused(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.effects.intend(mail(), NOW)
        [late] = claim(uow)
        assert uow.effects.lapsed(LEASE + timedelta(seconds=1)) == [late]
        assert uow.effects.settle(late, Outcome(EffectState.UNKNOWN, "worker_lost"), LATER)
        [asker] = uow.effects.claim_unknown(EffectKind.MAIL, "asker", LATER, LATER + timedelta(minutes=5))
        assert not uow.effects.settle(late, DONE, LATER)
        with pytest.raises(PermanentError, match="held by another worker"):
            uow.effects.note_reference(late, "x")
        assert uow.effects.settle(asker, DONE, LATER)
        assert not uow.effects.settle(asker, Outcome(EffectState.FAILED, "no"), LATER)
        kept = uow.effects.get(late.effect_id)
        assert kept is not None
        assert (kept.state, kept.provider_reference) == (EffectState.DONE, "ref")


def test_what_is_unknown_is_asked_about_by_one_worker_at_a_time_and_when_it_is_time(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.effects.intend(charge(), NOW)
        [effect] = claim(uow, EffectKind.CHARGE)
        uow.effects.note_reference(effect, "pi_1")
        uow.effects.settle(effect, Outcome(EffectState.UNKNOWN, "cut", retry_at=LATER), NOW)
        assert uow.effects.to_ask(NOW) == []
        assert [one.provider_reference for one in uow.effects.to_ask(LATER)] == ["pi_1"]
        [asked] = uow.effects.claim_unknown(EffectKind.CHARGE, "a", LATER, LATER + timedelta(minutes=5))
        assert uow.effects.claim_unknown(EffectKind.CHARGE, "b", LATER, LATER + timedelta(minutes=5)) == []
        later = LATER + timedelta(minutes=6)
        assert [one.fence for one in uow.effects.claim_unknown(EffectKind.CHARGE, "b", later, later)] == [3]
        assert asked.attempts == 1


def test_a_temporary_failure_waits_for_its_time(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.effects.intend(mail(), NOW)
        [effect] = claim(uow)
        uow.effects.settle(effect, Outcome(EffectState.READY, "busy", retry_at=LATER), NOW)
        assert claim(uow) == []
        assert uow.effects.due(NOW) == []
        assert len(uow.effects.claim([EffectKind.MAIL], "me", LATER, LEASE, 1)) == 1


def test_mails_of_a_subject_are_told_by_purpose_and_day_without_those_given_up(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for purpose, state in (
            ("reminder:first", EffectState.DONE),
            ("reminder:second", EffectState.CANCELLED),
            ("reminder:third", EffectState.FAILED),
            ("reminder_x", EffectState.DONE),
        ):
            uow.effects.intend(mail(purpose=purpose), NOW)
            [effect] = claim(uow)
            uow.effects.settle(effect, Outcome(state, "x"), LATER)
        uow.effects.intend(mail(purpose="reminder:fourth"), NOW)

        sent = uow.effects.sent_on("inv_1", "reminder:")

    assert sent == [("reminder:fourth", NOW), ("reminder:first", LATER), ("reminder:third", LATER)]


def test_a_percent_sign_in_a_prefix_is_no_wildcard(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.effects.intend(mail(purpose="reminder:first"), NOW)

        assert uow.effects.sent_on("inv_1", "re%:") == []


def test_a_limit_counts_what_was_tried_since_midnight(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for number, state in enumerate(
            (EffectState.DONE, EffectState.FAILED, EffectState.UNKNOWN, EffectState.CANCELLED)
        ):
            uow.effects.intend(mail(f"s{number}"), NOW)
            [effect] = claim(uow)
            uow.effects.settle(effect, Outcome(state, "x"), NOW)
        uow.effects.intend(mail("ready"), NOW)
        uow.effects.intend(mail("flying"), NOW - timedelta(days=3))
        claim(uow, limit=1)

        assert uow.effects.intended_since(EffectKind.MAIL, NOW) == 4
        assert uow.effects.intended_since(EffectKind.MAIL, LATER) == 1


def test_effects_are_found_by_subject_kind_and_state(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        uow.effects.intend(mail(), NOW)
        uow.effects.intend(charge(), NOW)
        assert len(uow.effects.of_subject("inv_1")) == 2
        [found] = uow.effects.of_subject("inv_1", EffectKind.CHARGE)
        assert uow.effects.in_state(EffectState.READY, EffectKind.CHARGE) == [found]
        assert len(uow.effects.in_state(EffectState.READY)) == 2
        uow.effects.reopen(found.effect_id, EffectState.FAILED, NOW)
        assert uow.effects.in_state(EffectState.FAILED) == uow.effects.of_subject("inv_1", EffectKind.CHARGE)
        assert uow.effects.get("eff_none") is None


def test_commands_wait_until_they_are_settled(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        number = uow.commands.submit("void", {"number": "INV-1"}, "olga", "wrong", NOW)
        assert uow.commands.is_waiting(number)
        [command] = uow.commands.waiting()
        assert (command.name, command.arguments, command.actor) == ("void", {"number": "INV-1"}, "olga")
        uow.commands.settle(number, "done", "void", LATER)
        assert not uow.commands.is_waiting(number)
        assert uow.commands.waiting() == []


def test_a_restore_doubts_all_that_is_open_and_fences_off_who_holds_it(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for subject in ("held", "ready", "done"):
            uow.effects.intend(Intent(EffectKind.CHARGE, "autopay", subject, {}), NOW)
        held, done = uow.effects.claim([EffectKind.CHARGE], "a", NOW, NOW + timedelta(minutes=5), 2)
        uow.effects.settle(done, Outcome(EffectState.DONE, "succeeded"), NOW)
        doubted = uow.effects.doubt_all("restored", "a backup was restored", NOW)
        late = uow.effects.settle(held, Outcome(EffectState.DONE, "succeeded"), NOW)

    assert len(doubted) == 2
    assert {effect.outcome_code for effect in doubted} == {"restored"}
    assert not late


def test_questions_are_counted_since_the_outcome_became_unknown_and_anew_the_next_time(ledger: SqlLedger) -> None:
    later = NOW + timedelta(hours=1)
    with ledger.write() as uow:
        uow.effects.intend(Intent(EffectKind.CHARGE, "autopay", "inv_1", {}), NOW)
        [effect] = uow.effects.claim([EffectKind.CHARGE], "a", NOW, later, 1)
        uow.effects.settle(effect, Outcome(EffectState.UNKNOWN, "cut"), NOW)
        for moment in (NOW, later):
            [effect] = uow.effects.claim_unknown(EffectKind.CHARGE, "a", moment, moment)
            uow.effects.settle(effect, Outcome(EffectState.UNKNOWN, "cut", retry_at=later), moment)
        [unknown] = uow.effects.in_state(EffectState.UNKNOWN)
        assert (unknown.asked, unknown.unknown_since) == (2, NOW)
        uow.effects.settle(unknown, Outcome(EffectState.READY, "never_created"), later)

        [ready] = uow.effects.in_state(EffectState.READY)
        assert (ready.asked, ready.unknown_since) == (0, None)


def test_overdue_is_what_is_ready_past_its_time_or_open_for_long(ledger: SqlLedger) -> None:
    with ledger.write() as uow:
        for subject, not_before in (("old", NOW), ("later", NOW + timedelta(days=3))):
            uow.effects.intend(Intent(EffectKind.CHARGE, "autopay", subject, {}, not_before), NOW)
        uow.effects.intend(Intent(EffectKind.WRITE_BACK, "payment", "begun", {}), NOW)
        uow.effects.claim([EffectKind.WRITE_BACK], "a", NOW, NOW, 1)
        overdue = {effect.subject_id for effect in uow.effects.overdue(NOW + timedelta(days=1))}

    assert overdue == {"old", "begun"}
