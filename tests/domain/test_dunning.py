"""Reminders as a table, a tick a day, and what must hold for every history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dunning import (
    DEFAULT_POLICY,
    HANDED_OVER,
    DunningPolicy,
    FollowUpState,
    HandOver,
    Reminder,
    Stage,
    next_follow_up,
)

DAY_ZERO = date(2026, 3, 1)
NAMES = [stage.name for stage in DEFAULT_POLICY.stages]


def run(script: str) -> str:
    """Play a table and write what happens beside each line.

    `issued N`, `due N` set the scene; `day A..B` ticks through days; any other word sets (`paid`) or, with a minus,
    clears a flag (`-paused`) on the day named before it. What is sent is recorded and answers the next tick.
    """
    state = FollowUpState(due_on=DAY_ZERO, issued_on=DAY_ZERO, balance_minor=10_000)
    told: list[str] = []
    for line in script.strip().splitlines():
        words = line.split()
        if words[0] in ("issued", "due"):
            state = replace(state, **{f"{words[0]}_on": on(int(words[1]))})
        elif words[0] == "day":
            first, _, last = words[1].partition("..")
            for day in range(int(first), int(last or first) + 1):
                state = tick(state, day, told)
        else:
            state = told_of(state, words[0])
    return "\n".join(told)


def on(day: int) -> date:
    return DAY_ZERO + timedelta(days=day)


def told_of(state: FollowUpState, word: str) -> FollowUpState:
    flag = {
        "void": "is_void",
        "disputed": "is_disputed",
        "unknown": "payment_unknown",
        "paused": "is_paused",
        "autopay": "on_autopay",
    }
    if word == "paid":
        return replace(state, balance_minor=0)
    return replace(state, **{flag[word.lstrip("-")]: not word.startswith("-")})


def tick(state: FollowUpState, day: int, told: list[str]) -> FollowUpState:
    answer = next_follow_up(DEFAULT_POLICY, state, on(day))
    if isinstance(answer, Reminder):
        told.append(f"day {day} | reminder sent | stage {answer.stage}{' | last' if answer.is_last else ''}")
        return replace(state, sent=(*state.sent, (answer.stage, on(day))))
    if isinstance(answer, HandOver):
        told.append(f"day {day} | handed over | {answer.days_past_due} days past due")
        return replace(state, sent=(*state.sent, (HANDED_OVER, on(day))))
    return state


def table(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def test_an_unpaid_invoice_goes_through_all_stages_and_then_to_a_person_once() -> None:
    happened = run("""
        issued 0
        due 30
        day 0..90
    """)

    assert happened == table("""
        day 23 | reminder sent | stage upcoming
        day 30 | reminder sent | stage due_today
        day 33 | reminder sent | stage first_notice
        day 37 | reminder sent | stage second_notice
        day 44 | reminder sent | stage third_notice
        day 60 | reminder sent | stage final_notice | last
        day 67 | handed over | 37 days past due
    """)


def test_payment_ends_the_reminders_at_once() -> None:
    happened = run("""
        issued 0
        due 14
        day 0..18
        paid
        day 19..90
    """)

    assert happened == table("""
        day 7 | reminder sent | stage upcoming
        day 14 | reminder sent | stage due_today
        day 17 | reminder sent | stage first_notice
    """)


def test_an_invoice_due_on_the_day_of_issue_is_not_called_past_due_on_the_next_day() -> None:
    happened = run("""
        issued 0
        due 0
        day 0..8
    """)

    assert happened == table("""
        day 3 | reminder sent | stage first_notice
        day 7 | reminder sent | stage second_notice
    """)


def test_an_invoice_issued_a_week_before_it_is_due_is_not_announced_on_the_same_day() -> None:
    happened = run("""
        issued 0
        due 7
        day 0..7
    """)

    assert happened == "day 7 | reminder sent | stage due_today"


def test_missed_stages_are_skipped_and_not_caught_up_in_a_burst() -> None:
    happened = run("""
        issued 0
        due 10
        day 20..60
    """)

    assert happened == table("""
        day 20 | reminder sent | stage second_notice
        day 24 | reminder sent | stage third_notice
        day 40 | reminder sent | stage final_notice | last
        day 47 | handed over | 37 days past due
    """)


@pytest.mark.parametrize("cause", ["disputed", "paused", "unknown", "autopay"])
def test_reminders_rest_and_go_on_with_the_latest_stage(cause: str) -> None:
    happened = run(f"""
        issued 0
        due 10
        day 0..10
        {cause}
        day 11..28
        -{cause}
        day 29..40
    """)

    assert happened == table("""
        day 3 | reminder sent | stage upcoming
        day 10 | reminder sent | stage due_today
        day 29 | reminder sent | stage third_notice
        day 40 | reminder sent | stage final_notice | last
    """)


def test_a_void_invoice_is_left_alone_for_good() -> None:
    assert run("due 10\nissued 0\nvoid\nday 0..99") == ""


def test_a_clock_set_back_sends_nothing_twice() -> None:
    happened = run("""
        issued 0
        due 10
        day 0..13
        day 0..13
        day 12
        day 13..17
    """)

    assert happened == table("""
        day 3 | reminder sent | stage upcoming
        day 10 | reminder sent | stage due_today
        day 13 | reminder sent | stage first_notice
        day 17 | reminder sent | stage second_notice
    """)


def test_the_same_day_asked_a_hundred_times_reminds_once() -> None:
    happened = run("issued 0\ndue 10\n" + "day 13\n" * 100)

    assert happened == "day 13 | reminder sent | stage first_notice"


def test_an_invoice_issued_after_every_stage_goes_to_a_person_after_the_grace() -> None:
    happened = run("""
        due 0
        issued 45
        day 45..60
    """)

    assert happened == "day 52 | handed over | 52 days past due"


def test_a_stage_of_an_older_policy_counts_as_the_one_of_its_day() -> None:
    state = FollowUpState(DAY_ZERO, on(-30), 10_000, sent=(("gentle_nudge", on(8)),))

    answers = [next_follow_up(DEFAULT_POLICY, state, on(day)) for day in (9, 13, 14)]

    assert answers == [None, None, Reminder("third_notice", 14, False)]


def test_a_stage_of_an_older_policy_before_all_of_ours_takes_none_away() -> None:
    state = FollowUpState(DAY_ZERO, on(-30), 10_000, sent=(("hello", on(-20)),))

    assert next_follow_up(DEFAULT_POLICY, state, on(-7)) == Reminder("upcoming", -7, False)


@pytest.mark.parametrize(
    ("stages", "grace_days", "says"),
    [
        ((), 7, "rising days"),
        ((Stage("b", 3), Stage("a", 3, True)), 7, "rising days"),
        ((Stage("b", 3), Stage("a", 1, True)), 7, "rising days"),
        ((Stage("a", 1), Stage("a", 3, True)), 7, "name of its own"),
        ((Stage("a", 1), Stage("b", 3)), 7, "marked as the last"),
        ((Stage("a", 1, True), Stage("b", 3, True)), 7, "marked as the last"),
        ((Stage("a", 1, True),), -1, "not negative"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(stages: tuple[Stage, ...], grace_days: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        DunningPolicy(2, stages, grace_days)


FLAGS = ("is_void", "is_disputed", "payment_unknown", "is_paused", "on_autopay")
days = st.integers(-60, 120)


@given(due=days, issued=days, ticks=st.lists(days, max_size=60))
def test_whatever_the_clock_does_stages_only_go_up_and_days_never_repeat(
    due: int, issued: int, ticks: list[int]
) -> None:
    state = FollowUpState(on(due), on(issued), 10_000)

    for day in ticks:
        state = tick(state, day, [])

    ranks = [NAMES.index(name) if name in NAMES else len(NAMES) for name, _ in state.sent]
    sent_on = [day for _, day in state.sent]
    assert ranks == sorted(set(ranks))
    assert sent_on == sorted(set(sent_on))
    assert all(day > on(issued) for day in sent_on)


@given(due=days, issued=days, day=days, flags=st.sets(st.sampled_from(FLAGS)), balance=st.integers(-5, 0))
def test_nothing_is_sent_when_paid_or_when_somebody_else_is_at_work(
    due: int, issued: int, day: int, flags: set[str], balance: int
) -> None:
    paid = FollowUpState(on(due), on(issued), balance)
    resting = replace(paid, balance_minor=1, **dict.fromkeys(flags, True))

    assert next_follow_up(DEFAULT_POLICY, paid, on(day)) is None
    assert not flags or next_follow_up(DEFAULT_POLICY, resting, on(day)) is None


@given(due=days, issued=days, day=days)
def test_no_reminder_is_sent_before_its_day(due: int, issued: int, day: int) -> None:
    answer = next_follow_up(DEFAULT_POLICY, FollowUpState(on(due), on(issued), 1), on(day))

    if isinstance(answer, Reminder):
        stage = DEFAULT_POLICY.stages[NAMES.index(answer.stage)]
        assert stage.days <= answer.days_past_due == day - due
        assert due + stage.days > issued
