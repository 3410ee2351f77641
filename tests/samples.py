"""How many cases a test of random cases tries: a sample each time, and the long row of them for `make reliability`."""

from __future__ import annotations

import os


def examples(usual: int, long: int) -> int:
    """`long` under BILLING_LONG_SAMPLES=1."""
    return long if os.environ.get("BILLING_LONG_SAMPLES") == "1" else usual
