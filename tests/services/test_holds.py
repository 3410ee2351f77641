"""While a hold is open nothing goes out, whatever is due and whoever works; the owner alone is told."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from fakes import Crash
from studio import Studio

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.effects import EffectKind, EffectState
from billing.domain.errors import PermanentError, UnknownOutcomeError
from billing.domain.task_commands import commands_of
from billing.ports.ledger import UnitOfWork
from billing.ports.operations import CAUSE_RESTORED
from billing.services.effects import HANDLERS
from billing.services.effects.executor import run_effects
from billing.services.effects.recording import show_mails_in_doubt
from billing.services.safety.alert_owner import alert_run_failed
from billing.services.safety.holds import hold_at_once, place_hold, why_held
from billing.services.safety.troubles import Cause, Trouble

UNCLEAR = UnknownOutcomeError("stripe_unknown", "The line was cut.")


def stop(studio: Studio) -> str:
    return hold_at_once(studio.ledger, "the price list is wrong", "olga", studio.clock.now())


def outside(studio: Studio) -> list[str]:
    """Every call that could change something outside."""
    calls = [*studio.gateway.line.calls, *studio.mailer.line.calls, *studio.host.line.calls, *studio.source.line.calls]
    reads = ("related:", "changed_jobs", "shared", "new_events", "read_")
    return [call for call in calls if not call.startswith(reads)]


def busy(studio: Studio) -> None:
    """Work of every kind, some of it begun."""
    studio.autopay("j1")
    studio.with_gallery("j2")
    studio.session("j3")
    studio.bill()


def test_nothing_goes_out_while_a_hold_is_open_and_all_of_it_afterwards(studio: Studio) -> None:
    busy(studio)
    stop(studio)
    for _ in range(3):
        studio.clock.go(hours=1)
        studio.round()
    assert outside(studio) == []
    assert {effect.state for effect in studio.effects()} == {EffectState.READY}
    assert studio.codes() == ["hold_asked_for"]

    outcome = studio.ask("release", reason="mended")
    for _ in range(2):
        studio.round()

    assert outcome == "Everything goes on."
    assert studio.codes() == []
    assert len(studio.gateway.payments) == 1
    assert len(studio.mailer.sent) == 4


def test_the_pipeline_still_observes_bills_and_books_under_a_hold(studio: Studio) -> None:
    studio.session("j1")
    studio.round()
    stop(studio)
    studio.session("j2")
    studio.pay_on_page("j1")
    studio.round()

    assert studio.state_of("j2") == "billed"
    assert studio.invoice("j1").balance_minor == 0
    assert [effect.kind.value for effect in studio.effects() if effect.state is EffectState.READY]


def test_owner_alerts_go_out_under_a_hold(studio: Studio) -> None:
    studio.policy = replace(studio.policy, owner_email="owner@northlight.example")
    busy(studio)
    stop(studio)
    alert_run_failed(studio.ctx, "refresh_warehouse", "run1", [Trouble(Cause.MACHINE, "it failed")])
    studio.round()

    assert [mail.to for mail in studio.mailer.sent] == [("owner@northlight.example",)]
    assert outside(studio) == ["send"]


class _HoldsAfterClaim:
    """The ledger, in which somebody says stop right after the executor has taken up its work."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._ledger, self._is_held = studio, studio.ledger, False
        self.engine = studio.ledger.engine

    def read(self) -> AbstractContextManager[UnitOfWork]:
        with self._ledger.read() as uow:
            is_taken_up = bool(uow.effects.in_state(EffectState.IN_FLIGHT))
        if is_taken_up and not self._is_held:
            self._is_held = True
            stop(self._studio)
        return self._ledger.read()

    def write(self) -> AbstractContextManager[UnitOfWork]:
        return self._ledger.write()


def test_what_was_taken_up_before_the_hold_and_not_begun_is_put_back(studio: Studio) -> None:
    """The hold comes between the claim and the act: the last look before acting sees it."""
    studio.session()
    studio.bill()

    studio.ledger = _HoldsAfterClaim(studio)  # type: ignore[assignment]
    studio.do(EffectKind.PAY_LINK)

    [link] = studio.effects(EffectKind.PAY_LINK)
    assert (link.state, link.outcome_code, link.attempts) == (EffectState.READY, "held", 1)
    assert outside(studio) == []


def test_nobody_is_asked_under_a_hold_because_asking_may_act(studio: Studio) -> None:
    studio.with_gallery()
    studio.round()
    studio.pay_on_page()
    studio.host.line.fail("open_gallery", UNCLEAR)
    studio.round()
    stop(studio)
    before = len(outside(studio))
    studio.clock.go(days=2)
    studio.do(*HANDLERS)

    assert len(outside(studio)) == before
    [grant] = studio.effects(EffectKind.GRANT)
    assert grant.state is EffectState.UNKNOWN


def test_a_worker_that_died_before_the_hold_is_recorded_as_unknown_under_it(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", Crash(), "after")
    with pytest.raises(Crash):
        studio.do(EffectKind.CHARGE)
    stop(studio)
    studio.clock.go(minutes=10)
    studio.do(EffectKind.CHARGE)

    assert [effect.state for effect in studio.effects(EffectKind.CHARGE)] == [EffectState.UNKNOWN]
    assert studio.codes() == ["effect_unknown", "hold_asked_for"]


def test_a_charge_costs_three_commits_with_its_look_for_holds(studio: Studio) -> None:
    """Taken up, its id noted, settled; the round itself costs one more, and one that finds nothing left."""
    studio.autopay()
    studio.bill()
    written: list[str] = []
    ledger = studio.ledger
    studio.ledger = _Counting(ledger, written)  # type: ignore[assignment]
    studio.do(EffectKind.CHARGE)
    of_one = len(written)
    studio.ledger = ledger
    for number in range(2, 5):
        studio.autopay(f"j{number}")
    studio.bill()
    written.clear()
    studio.ledger = _Counting(ledger, written)  # type: ignore[assignment]
    studio.do(EffectKind.CHARGE)

    assert of_one == 3 + 2
    assert len(written) == 3 * 3 + 2


class _Counting:
    """The ledger, and how often it was written to."""

    def __init__(self, ledger: SqlLedger, written: list[str]) -> None:
        self._ledger, self._written = ledger, written

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._ledger.read()

    def write(self) -> AbstractContextManager[UnitOfWork]:
        self._written.append("write")
        return self._ledger.write()


def test_a_hold_has_an_actor_a_reason_and_a_time_and_says_how_to_lift_it(studio: Studio) -> None:
    stop(studio)

    assert why_held(studio.ctx) == (
        "Nothing goes out since 2026-03-02 09:00 UTC (olga: the price list is wrong)."
        ' To let it go on: `billing release --reason "…"`.'
    )
    assert studio.rows("select name, actor, reason, state from commands") == [
        ("hold", "olga", "the price list is wrong", "done")
    ]
    assert studio.column("select kind from domain_events") == ["hold_placed"]
    assert stop(studio) == "Nothing goes out already; the hold that is open stays."


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("olga", " ")])
def test_a_hold_without_a_name_or_a_reason_is_refused(studio: Studio, actor: str, reason: str) -> None:
    with pytest.raises(PermanentError, match="who asks for it, and why"):
        hold_at_once(studio.ledger, reason, actor, studio.clock.now())


def test_a_restored_ledger_is_not_released_by_a_word(studio: Studio) -> None:
    with studio.ledger.write() as uow:
        place_hold(uow, CAUSE_RESTORED, "restored from x", "olga", studio.clock.now())
    stop(studio)

    first, second = studio.ask("release"), studio.ask("release")

    assert first.startswith("Lifted. Nothing goes out since")
    assert second.endswith("To compare the books with the outside, which lifts it: `billing reconcile`.")
    assert run_effects(studio.ctx, HANDLERS[EffectKind.MAIL], EffectKind.MAIL) == {}
    assert studio.codes() == ["hold_restored"]


def test_nothing_is_released_where_nothing_is_held(studio: Studio) -> None:
    assert studio.ask("release") == "Nothing is held."


def test_the_command_hold_of_the_queue_holds_as_well(studio: Studio) -> None:
    assert studio.ask("hold", reason="stop").startswith("Nothing goes out from now on")
    assert studio.codes() == ["hold_asked_for"]


def test_each_item_about_a_hold_ends_with_the_command_that_ends_it(studio: Studio) -> None:
    """Without one of its own it would be offered to be closed, and nothing would go on."""
    stop(studio)
    with studio.ledger.write() as uow:
        place_hold(uow, CAUSE_RESTORED, "restored from x", "olga", studio.clock.now())
        show_mails_in_doubt(uow, studio.clock.now())

    commands = [command for subject, code in studio.open_items() for command in commands_of(code, subject)]
    assert commands == ["billing release --reason '…'", "billing reconcile", "billing settle --mails show"]
