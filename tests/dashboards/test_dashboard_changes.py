"""When a change is worth a word: a rule for each kind of figure."""

from __future__ import annotations

import pytest

from dashboards import changes
from dashboards.changes import Change, Sample


def told(change: Change | None) -> str | None:
    return change and f"{change.words.replace(chr(160), ' ')} | {change.verdict}"


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [
        (6.2, 5.8, "about the same | same"),  # never "0 s slower"
        (65, 6, "about the same | same"),  # under a minute
        (66, 6, "1 min slower | worse"),
        (960, 1260, "5 min faster | better"),
        (36_000, 37_500, "about the same | same"),  # under a twentieth of ten hours
        (36_000, 38_000, "33 min faster | better"),
        (None, 5, None),
        (5, None, None),
    ],
)
def test_durations(now: float | None, before: float | None, shown: str | None) -> None:
    assert told(changes.of_duration(now, before)) == shown


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [
        (5, 5, "about the same | same"),
        (5.9, 5, "about the same | same"),
        (5, 6, "1 day faster | better"),
        (13.2, 10.9, "2.3 days slower | worse"),
        (None, 6, None),
    ],
)
def test_days(now: float | None, before: float | None, shown: str | None) -> None:
    assert told(changes.of_days(now, before)) == shown


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [
        (0.924, 0.916, "about the same | same"),
        (0.91, 0.90, "1 point better | better"),  # 0.91 - 0.90 is less than 0.01 to the machine
        (0.92, 1.0, "8 points worse | worse"),
        (0.92, None, None),
    ],
)
def test_shares(now: float | None, before: float | None, shown: str | None) -> None:
    assert told(changes.of_share(now, before)) == shown


@pytest.mark.parametrize(
    ("now", "before", "is_told"), [(10, 10, True), (3, 40, False), (40, 3, False), (9, 10, False), (10, 9, False)]
)
def test_of_fewer_than_ten_on_either_side_nothing_is_better_or_worse(now: int, before: int, is_told: bool) -> None:
    change = changes.of_share(0.92, 1.0)

    assert changes.judged(change, Sample(now, before)) == (change if is_told else None)


def test_it_is_told_of_how_many_things_a_figure_is_made() -> None:
    assert Sample(1, 0).words == "1 invoice, 0 before"
    assert Sample(1200, 9, "charge").words == "1,200 charges, 9 before"
