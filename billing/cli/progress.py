"""How far long work is: one line that renews itself on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time

_ELSEWHERE_EVERY_SECONDS = 5.0
_said_at = 0.0


def say(sentence: str, last: bool = False) -> None:
    """On stderr, so that what is printed for others stays clean. `last` ends the line and is always said."""
    global _said_at
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{sentence}" + ("\n" if last else ""))
    elif last or time.monotonic() - _said_at >= _ELSEWHERE_EVERY_SECONDS:
        sys.stderr.write(f"{sentence}\n")
        _said_at = time.monotonic()
    sys.stderr.flush()
