"""Which tests a changed copy of the code meets (`make mutation`), and in which order: mutmut takes them as they come.

First come those that noticed the most copies for the time they take, and no more of them than BUDGET, because a copy
that nobody notices would else meet them all. So what is said to survive may be noticed by a slower test: the share of
those noticed is a lower bound.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

BUDGET, A_START = 15.0, 0.3  # seconds; what every test takes besides its own time
STATS, NOTICED = Path("mutmut-stats.json"), Path("noticed.txt")  # in mutmut's folder of copies, where they are run


def is_changed_copy() -> bool:
    return "__mutmut_" in os.environ.get("MUTANT_UNDER_TEST", "") and STATS.is_file()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not is_changed_copy():
        return
    seconds: dict[str, float] = json.loads(STATS.read_text(encoding="utf-8"))["duration_by_test"]
    noticed = Counter(NOTICED.read_text(encoding="utf-8").splitlines() if NOTICED.is_file() else [])

    def promise(item: pytest.Item) -> float:
        return (noticed[item.nodeid] + 1) / (seconds.get(item.nodeid, 0.0) + A_START)

    spent, chosen = 0.0, []
    for item in sorted(items, key=promise, reverse=True):
        spent += seconds.get(item.nodeid, 0.0)
        if spent <= BUDGET or not chosen:
            chosen.append(item)
    items[:] = chosen


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed and is_changed_copy():
        with NOTICED.open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")
