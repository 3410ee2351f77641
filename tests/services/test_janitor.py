"""The janitor: unknown outcomes are asked about ever more slowly, and nothing stays open that nobody was told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fakes import Crash
from studio import Studio

from billing.adapters.ledger.checks import run_checks
from billing.bootstrap import SQL
from billing.domain.effects import ASK_AFTER, EffectKind, EffectState, ask_again_at
from billing.domain.errors import PermanentError, TemporaryError, UnknownOutcomeError
from billing.domain.payments import PaymentStatus
from billing.services.effects.janitor import show_stuck

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
UNCLEAR = UnknownOutcomeError("stripe_unknown", "The line was cut.")
OPEN_FOR_A_DAY = "every_effect_open_for_a_day_needs_attention"


@pytest.fixture
def in_doubt(studio: Studio) -> Studio:
    """A charge of which nobody knows since 0:00 by the tables below, and a provider that cannot say yet."""
    studio.autopay()
    studio.gateway.cards["pm_1"] = PaymentStatus.PROCESSING
    studio.bill()
    studio.do(EffectKind.CHARGE)
    return studio


def charge(studio: Studio) -> tuple[str, int]:
    [effect] = studio.effects(EffectKind.CHARGE)
    return effect.state.value, effect.asked


def asked(studio: Studio) -> int:
    return studio.gateway.line.calls.count("read_payment")


def violations(studio: Studio) -> list[str]:
    [result] = run_checks(studio.ledger.engine, SQL, now=studio.clock.now(), names=[OPEN_FOR_A_DAY])
    return [row["key"] for row in result.violations]


def walk(studio: Studio, table: str) -> None:
    """Each line is a moment (days hours:minutes since the start), how often was asked by then, and the state."""
    start = studio.clock.at
    for line in filter(None, map(str.strip, table.splitlines())):
        moment, count, state = (part.strip() for part in line.split("|"))
        days, _, clock = moment.rpartition(" ")
        hours, _, minutes = clock.partition(":")
        studio.clock.at = start + timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes))
        for _ in range(3):
            studio.do(EffectKind.CHARGE)
        assert (asked(studio), charge(studio)[0]) == (int(count), state), moment


def test_an_unknown_charge_is_asked_about_ever_more_slowly_and_ends_by_evidence(in_doubt: Studio) -> None:
    walk(
        in_doubt,
        """
          0:00 | 0 | unknown
          0:01 | 1 | unknown
          0:02 | 1 | unknown
          0:06 | 2 | unknown
          1:05 | 2 | unknown
          1:06 | 3 | unknown
          7:05 | 3 | unknown
          7:06 | 4 | unknown
        1 7:05 | 4 | unknown
        1 7:06 | 5 | unknown
        2 7:06 | 6 | unknown
        9 9:00 | 7 | unknown
        """,
    )
    [payment_id] = in_doubt.gateway.payments
    in_doubt.gateway._capture(payment_id)
    in_doubt.clock.go(days=1)
    in_doubt.do(EffectKind.CHARGE)

    assert charge(in_doubt)[0] == "done"
    assert in_doubt.codes() == []


def test_since_when_nobody_knows_is_kept_while_it_lasts_and_no_longer(in_doubt: Studio) -> None:
    [effect] = in_doubt.effects(EffectKind.CHARGE)
    since = effect.unknown_since
    in_doubt.clock.go(days=3)
    in_doubt.do(EffectKind.CHARGE)

    [effect] = in_doubt.effects(EffectKind.CHARGE)
    assert (effect.unknown_since, effect.asked) == (since, 1)

    [payment_id] = in_doubt.gateway.payments
    in_doubt.gateway._capture(payment_id)
    in_doubt.clock.go(days=1)
    in_doubt.do(EffectKind.CHARGE)

    [effect] = in_doubt.effects(EffectKind.CHARGE)
    assert (effect.unknown_since, effect.asked) == (None, 2)


@pytest.mark.parametrize(("says_seconds", "asked_at"), [(30, 5 * 60), (3600, 3600), (7 * 86400, 7 * 86400)])
def test_what_the_provider_says_may_ask_for_later_and_never_for_sooner(
    in_doubt: Studio, says_seconds: int, asked_at: int
) -> None:
    in_doubt.gateway.line.fail("read_payment", TemporaryError("stripe_busy", "Later.", says_seconds))
    in_doubt.clock.go(minutes=1)
    in_doubt.do(EffectKind.CHARGE)

    in_doubt.clock.go(seconds=asked_at - 1)
    in_doubt.do(EffectKind.CHARGE)
    before = asked(in_doubt)
    in_doubt.clock.go(seconds=1)
    in_doubt.do(EffectKind.CHARGE)

    assert (before, asked(in_doubt)) == (1, 2)


def test_the_waits_grow_and_then_stay_at_a_day() -> None:
    waits = [ask_again_at(NOON, asked) - NOON for asked in range(7)]

    assert waits == [*ASK_AFTER, *[timedelta(days=1)] * 3]


def test_a_worker_that_died_is_asked_about_at_once_because_its_lease_has_passed_already(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("confirm_charge", Crash(), "after")
    with pytest.raises(Crash):
        studio.do(EffectKind.CHARGE)
    studio.clock.go(minutes=6)
    studio.do(EffectKind.CHARGE)

    assert charge(studio)[0] == "done"


def test_a_crash_while_asking_counts_as_a_question(in_doubt: Studio) -> None:
    in_doubt.clock.go(minutes=1)
    in_doubt.gateway.line.fail("read_payment", Crash())
    with pytest.raises(Crash):
        in_doubt.do(EffectKind.CHARGE)

    assert charge(in_doubt) == ("unknown", 1)
    in_doubt.clock.go(minutes=6)
    in_doubt.do(EffectKind.CHARGE)
    assert charge(in_doubt) == ("unknown", 2)


def test_a_named_person_ends_what_has_no_evidence(studio: Studio) -> None:
    studio.session()
    studio.mailer.line.fail("send", UNCLEAR, "after")
    studio.round()
    studio.clock.go(days=2)
    studio.round()
    [mail] = [one for one in studio.effects(EffectKind.MAIL) if one.state is EffectState.UNKNOWN]
    assert studio.codes() == ["effect_unknown"]

    outcome = studio.ask("settle", effect_id=mail.effect_id, happened="yes")

    assert outcome.endswith("is settled as done.")
    assert studio.codes() == []
    assert len(studio.mailer.sent) == 1


@pytest.mark.parametrize(
    ("call", "kind", "ways"),
    [
        ("confirm_charge", EffectKind.CHARGE, "--done` or `--not-done`."),
        ("create_pay_link", EffectKind.PAY_LINK, "--not-done`."),
    ],
)
def test_a_doubt_whose_item_somebody_closed_is_shown_again_with_what_may_be_said(
    studio: Studio, call: str, kind: EffectKind, ways: str
) -> None:
    studio.autopay() if kind is EffectKind.CHARGE else studio.session()
    studio.bill()
    studio.gateway.line.fail(call, UNCLEAR, "before")
    studio.do(kind)
    [effect] = studio.effects(kind)
    studio.ask("resolve", subject=effect.key)
    studio.clock.go(hours=25)

    assert show_stuck(studio.ctx) == 1

    [sentence] = studio.open_items().values()
    assert "is still unknown" in sentence
    assert sentence.endswith(f"When you know how it ended: `billing settle {effect.effect_id} {ways}")


def test_what_is_ready_for_a_day_and_never_tried_is_shown_and_closes_when_it_is_done(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.clock.go(hours=23)
    assert show_stuck(studio.ctx) == 0
    assert violations(studio) == []
    studio.clock.go(hours=2)
    assert len(violations(studio)) == 1

    shown = [show_stuck(studio.ctx) for _ in range(2)]

    assert shown == [1, 0]
    assert studio.codes() == ["effect_stuck"]
    assert violations(studio) == []
    studio.do(EffectKind.CHARGE)
    assert studio.codes() == []


def test_what_a_dead_worker_left_for_a_day_is_shown_even_if_nobody_looks_at_its_kind(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.gateway.line.fail("prepare_charge", Crash())
    with pytest.raises(Crash):
        studio.do(EffectKind.CHARGE)
    studio.clock.go(hours=25)
    assert len(violations(studio)) == 1

    assert show_stuck(studio.ctx) == 1
    assert "in flight" in "".join(studio.open_items().values())
    assert violations(studio) == []


def test_an_item_says_for_how_many_whole_hours_it_has_been_open(studio: Studio) -> None:
    studio.autopay()
    studio.bill()
    studio.clock.go(hours=25, minutes=59)

    show_stuck(studio.ctx)

    assert "was decided 25 hours ago and is still ready;" in "".join(studio.open_items().values())


@pytest.mark.parametrize("behind", ["limits", "hold", "books"])
def test_what_waits_behind_one_matter_is_told_of_once_and_not_for_each(studio: Studio, behind: str) -> None:
    for number in range(3):
        studio.autopay(f"j{number}")
    studio.bill()
    with studio.ledger.write() as uow:
        uow.tasks.raise_task(behind, "waits", "Nothing goes out.", studio.clock.now())
    studio.clock.go(days=2)

    assert show_stuck(studio.ctx) == 0
    assert violations(studio) == []


def test_a_refusal_while_asking_is_no_evidence_and_is_asked_again_by_the_same_table(in_doubt: Studio) -> None:
    in_doubt.clock.go(minutes=1)
    in_doubt.gateway.line.fail("read_payment", PermanentError("stripe_unauthorized", "The key is revoked."))
    in_doubt.do(EffectKind.CHARGE)
    assert in_doubt.codes() == ["effect_unknown"]
    in_doubt.clock.go(minutes=5)
    in_doubt.do(EffectKind.CHARGE)

    assert charge(in_doubt) == ("unknown", 2)
    assert in_doubt.codes() == ["charge_processing"]
