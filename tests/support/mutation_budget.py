"""Which tests a changed copy of the code meets (`make mutation`), and in which order: mutmut takes them as they come.

First come those that noticed copies of the same function, then quick ones, those that noticed much before others, and
no more of them than BUDGET, because a copy that nobody notices would else meet them all. So what is said to survive may
be noticed by a slower test: the share of those noticed is a lower bound.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from changed_copy import STATS, changed_function, is_made_at_import

BUDGET, A_START = 10.0, 0.1  # seconds of a core; what every test takes besides its own time
OF_THE_SAME = 20  # what a test is worth that noticed a change of the same function, where a new one is worth 1
NOTICED = Path("noticed.txt")


def pytest_configure(config: pytest.Config) -> None:
    """What runs at import mutmut puts down to the test that comes first, which says nothing of it."""
    function = changed_function()
    if function is not None and is_made_at_import(function) and (tests := _tests_around(function)):
        config.args = tests


def _tests_around(function: str) -> list[str]:
    """Those that go by the function's module; where all of it runs at import, those that go by its room."""
    stats = json.loads(STATS.read_text(encoding="utf-8"))
    by_function: dict[str, list[str]] = stats["tests_by_mangled_function_name"]
    first = next(iter(stats["duration_by_test"]))
    if by_function.get(function) != [first]:
        return []
    module = function.rpartition(".")[0]
    for room in (module, module.rpartition(".")[0]):
        around = {test for name, tests in by_function.items() if name.startswith(f"{room}.") for test in tests}
        if around != {first}:
            return sorted(around - {first})
    return []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if (function := changed_function()) is None:
        return
    seconds: dict[str, float] = json.loads(STATS.read_text(encoding="utf-8"))["duration_by_test"]
    of_the_same, of_others = _noticed(function)

    def costs(item: pytest.Item) -> float:
        return seconds.get(item.nodeid, 0.0) + A_START

    def promises(item: pytest.Item) -> float:
        """A long story notices much of everything: counted in full, a few of them would take all of the time."""
        worth = OF_THE_SAME * of_the_same[item.nodeid] + math.log2(2 + of_others[item.nodeid])
        return worth / costs(item)

    spent, chosen = 0.0, []
    for item in sorted(items, key=promises, reverse=True):
        spent += costs(item)
        if spent <= BUDGET or not chosen:
            chosen.append(item)
    items[:] = chosen


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed and (function := changed_function()) is not None:
        with NOTICED.open("a", encoding="utf-8") as file:
            file.write(f"{function} {report.nodeid}\n")


def _noticed(function: str) -> tuple[Counter[str], Counter[str]]:
    """How many copies of this function, and how many of others, each test has noticed, by its id."""
    of_the_same, of_others = Counter[str](), Counter[str]()
    for line in NOTICED.read_text(encoding="utf-8").splitlines() if NOTICED.is_file() else []:
        of, _, test = line.partition(" ")
        (of_the_same if of == function else of_others)[test] += 1
    return of_the_same, of_others
