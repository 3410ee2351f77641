"""Which tests a changed copy of the code meets (`make mutation`), and in which order: mutmut takes them as they come.

Quick ones first, then the diaries, which look at every row of a story; and no more of them than BUDGET, because a copy
that nobody notices would else meet them all. So what is said to survive may be noticed by a slower test: the share of
those noticed is a lower bound.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

BUDGET, QUICK = 20.0, 0.05  # seconds


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    stats = Path("mutmut-stats.json")  # mutmut runs them in its folder of copies
    if "__mutmut_" not in os.environ.get("MUTANT_UNDER_TEST", "") or not stats.is_file():
        return
    seconds: dict[str, float] = json.loads(stats.read_text(encoding="utf-8"))["duration_by_test"]

    def takes(item: pytest.Item) -> float:
        return seconds.get(item.nodeid, 0.0)

    def rank(item: pytest.Item) -> tuple[int, float]:
        return (0 if takes(item) <= QUICK else 1 if "test_diaries" in item.nodeid else 2), takes(item)

    spent, chosen = 0.0, []
    for item in sorted(items, key=rank):
        if spent + takes(item) <= BUDGET:
            spent += takes(item)
            chosen.append(item)
    items[:] = chosen
