"""When an unpaid invoice is followed up, and when a person takes over: the same state and day, the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

# In `FollowUpState.sent`, the day on which the invoice was given to a person: nothing is sent by itself after it.
HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Stage:
    """One reminder. `days` counts from the due date: negative before it."""

    name: str
    days: int
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class DunningPolicy:
    """Stages in rising order of days; a changed policy gets a new version. `grace_days`: from the last to a person."""

    version: int
    stages: tuple[Stage, ...]
    grace_days: int = 7

    def __post_init__(self) -> None:
        days = [stage.days for stage in self.stages]
        if not days or days != sorted(set(days)):
            raise ValueError(f"the stages of a dunning policy have rising days, not {days}")
        if len({stage.name for stage in self.stages}) < len(days):
            raise ValueError("each stage of a dunning policy has a name of its own")
        if [stage.is_last for stage in self.stages] != [False] * (len(days) - 1) + [True]:
            raise ValueError("the last stage of a dunning policy, and no other, is marked as the last")
        if self.grace_days < 0:
            raise ValueError(f"grace days are not negative: {self.grace_days}")


DEFAULT_POLICY = DunningPolicy(
    version=1,
    stages=(
        Stage("upcoming", -7),
        Stage("due_today", 0),
        Stage("first_notice", 3),
        Stage("second_notice", 7),
        Stage("third_notice", 14),
        Stage("final_notice", 30, is_last=True),
    ),
)


@dataclass(frozen=True, slots=True)
class FollowUpState:
    """One invoice as its follow-up sees it. Dates are in the studio's time zone; `sent` is (stage name, sent on).

    `payment_unknown`: an attempt is open or its outcome is not known. `on_autopay`: the card on file is still tried.
    """

    due_on: date
    issued_on: date
    balance_minor: int
    is_void: bool = False
    is_disputed: bool = False
    payment_unknown: bool = False
    is_paused: bool = False
    on_autopay: bool = False
    sent: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Reminder:
    """Send this stage today. `days_past_due` is negative before the due date."""

    stage: str
    days_past_due: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class HandOver:
    """All reminders are used up; a person decides. The same answer comes daily until HANDED_OVER is among `sent`."""

    days_past_due: int


def next_follow_up(policy: DunningPolicy, state: FollowUpState, today: date) -> Reminder | HandOver | None:
    """What to do about the invoice today, if anything.

    Stages only go up. Of several missed stages only the latest is sent. At most one reminder a day, none on a day
    that the clock has seen already, and none for a stage whose day was not after the day of issue. A stage sent under
    an older policy counts as the one that this policy has for that day.
    """
    if _is_at_rest(state) or any(today <= sent_on or name == HANDED_OVER for name, sent_on in state.sent):
        return None
    reached = max((_rank(policy, state, name, sent_on) for name, sent_on in state.sent), default=-1)
    days_past_due = (today - state.due_on).days
    open_ranks = [rank for rank in range(reached + 1, len(policy.stages)) if _falls_after_issue(policy, state, rank)]
    due_ranks = [rank for rank in open_ranks if policy.stages[rank].days <= days_past_due]
    if due_ranks:
        stage = policy.stages[due_ranks[-1]]
        return Reminder(stage.name, days_past_due, stage.is_last)
    if not open_ranks and today >= _last_word_on(state) + timedelta(days=policy.grace_days):
        return HandOver(days_past_due)
    return None


def _is_at_rest(state: FollowUpState) -> bool:
    """Nothing is owed, or somebody else is at work on it."""
    return (
        state.balance_minor <= 0
        or state.is_void
        or state.is_disputed
        or state.payment_unknown
        or state.is_paused
        or state.on_autopay
    )


def _rank(policy: DunningPolicy, state: FollowUpState, name: str, sent_on: date) -> int:
    for rank, stage in enumerate(policy.stages):
        if stage.name == name:
            return rank
    days = (sent_on - state.due_on).days
    return sum(stage.days <= days for stage in policy.stages) - 1


def _falls_after_issue(policy: DunningPolicy, state: FollowUpState, rank: int) -> bool:
    return state.due_on + timedelta(days=policy.stages[rank].days) > state.issued_on


def _last_word_on(state: FollowUpState) -> date:
    """The day the client last heard of it: the last reminder, or the invoice itself when it came after all stages."""
    return max((sent_on for _, sent_on in state.sent), default=state.issued_on)
