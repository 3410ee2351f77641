"""The sentences of sql/checks, held against a studio's ledger."""

from __future__ import annotations

from pathlib import Path

from studio import Studio

from billing.adapters.ledger.checks import run_checks

SQL_DIR = Path(__file__).parents[2] / "sql"
# An effect that a test leaves open for days is what that test is about.
_OF_TIME = ("every_effect_open_for_a_day_needs_attention", "every_provider_event_older_than_a_day_is_settled")


def broken_promises(studio: Studio) -> dict[str, object]:
    """The checks that do not hold, with their first rows; empty when the ledger keeps all promises."""
    results = run_checks(studio.ledger.engine, SQL_DIR, now=studio.clock.now())
    return {result.name: result.violations for result in results if not result.holds and result.name not in _OF_TIME}
