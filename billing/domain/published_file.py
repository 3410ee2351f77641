"""The file of figures that the pipeline publishes and the dashboard opens: what lies beside it, how new it is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

REFRESH_EVERY = timedelta(minutes=1)  # while the ledger changes
STALE_AFTER = 3 * REFRESH_EVERY


def previous_of(published: Path) -> Path:
    """What readers opened before it; there may be none."""
    return published.with_name(f"{published.stem}.previous{published.suffix}")


def seen_current_of(published: Path) -> Path:
    """An empty file: it was last changed when the pipeline last saw that the ledger holds nothing newer."""
    return published.with_name(f"{published.stem}.current")
