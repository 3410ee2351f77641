"""Random lives of a studio against the model; reproducible: the seed is fixed, and another one is a parameter away."""

from __future__ import annotations

import pytest
from lives import live
from samples import examples


@pytest.mark.parametrize("seed", range(examples(1, 4)))
def test_every_promise_holds_after_every_step_of_random_lives(seed: int) -> None:
    assert live(seed, lives=LIVES, steps=STEPS) is None


LIVES, STEPS = examples(12, 50), 50  # a second of processor time each; `make reliability` lives on
