"""How long what has died is left before it is started again, as a table."""

from __future__ import annotations

import pytest

from billing.processes.restarts import LONGEST_PAUSE_SECONDS, STEADY_SECONDS, pause


@pytest.mark.parametrize(
    ("lives", "seconds"),
    [
        ([], 1), ([0.1], 1), ([5, 5], 2), ([5, 5, 5], 4), ([5] * 6, 32), ([5] * 7, 60), ([5] * 500, 60),
        ([STEADY_SECONDS], 1), ([5, 5, 5, STEADY_SECONDS], 1), ([5, 5, STEADY_SECONDS, 5], 1),
        ([5, STEADY_SECONDS, 5, 5], 2),
    ],
)  # fmt: skip
def test_each_pause_is_twice_the_last_until_it_has_lived_for_a_while(lives: list[float], seconds: float) -> None:
    assert pause(lives) == seconds
    assert pause(lives) <= LONGEST_PAUSE_SECONDS
