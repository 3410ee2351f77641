"""How many cases a test of many tries: a sample each time, and the long row of them for `make reliability`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

Row = TypeVar("Row")


def examples(usual: int, long: int) -> int:
    """`long` under BILLING_LONG_SAMPLES=1."""
    return long if _is_long() else usual


def rows(all_of_them: Sequence[Row]) -> Sequence[Row]:
    """The first and the last row of what takes many seconds each; all of them under BILLING_LONG_SAMPLES=1."""
    return all_of_them if _is_long() else [all_of_them[0], all_of_them[-1]]


def _is_long() -> bool:
    return os.environ.get("BILLING_LONG_SAMPLES") == "1"
