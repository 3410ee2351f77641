"""A command imports what it needs: seconds depend on the machine, modules do not."""

from __future__ import annotations

import subprocess
import sys

import pytest
from billed_studio import Run

# What a command that asks nobody outside has no use for. Each takes as long to import as such a command has to do.
OUTSIDE = {"alembic", "altair", "babel", "dagster", "duckdb", "honcho", "httpx", "jinja2", "lifelines", "polars"}
OUTSIDE |= {"psycopg", "pyarrow", "starlette", "streamlit", "stripe", "uvicorn", "weasyprint"}
LEDGER = {"pydantic", "sqlalchemy"}
_IMPORTED = """
import sys
from billing.cli.group import billing
try:
    billing(sys.argv[1:], prog_name="billing")
finally:
    print("imported:", *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""


def imported_by(*words: str) -> set[str]:
    """The packages that are there at the end of `billing WORDS…`, which must succeed."""
    ended = subprocess.run(
        [sys.executable, "-c", _IMPORTED, *words], capture_output=True, text=True, check=True, input="n\n"
    )
    return set(ended.stderr.rpartition("imported:")[2].split())


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "needs-attention",
        "approve",
        "invoice show {}",
        "invoice history {}",
        "reminders pause {} --reason r --wait 0",
        "payment record {} 1 --on 2026-03-31 --method cash --reference 1 --yes --wait 0",
    ],
)
def test_a_command_that_asks_nobody_outside_imports_nothing_for_that(
    run: Run, open_number: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run is not None  # for its settings
    monkeypatch.setenv("BILLING_CLOCK_URL", "")  # a studio's clock is its computer's

    assert not imported_by(*words.format(open_number).split()) & OUTSIDE


@pytest.mark.parametrize("words", [("--help",), ("invoice", "--help"), ("refund", "--help"), ("retry", "--help")])
def test_help_opens_no_ledger(words: tuple[str, ...]) -> None:
    assert not imported_by(*words) & (OUTSIDE | LEDGER)
