"""`billing demo --once` in small: the services called by hand and, among the long samples, Dagster's own jobs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from samples import examples

from billing.cli.demo.once import Size, run_once
from billing.cli.demo.rounds import JOBS

KEYS = (
    *("sessions_completed", "invoices_finalized", "emails_sent", "charges_succeeded", "charges_declined"),
    *("payments_recorded", "receipts_sent", "reminders_sent", "galleries_granted", "vsco_payments_written_back"),
    *("needs_attention", "unexpected_failures", "ledger_balanced", "processing_seconds_p50"),
    *("processing_seconds_p95", "oracle"),
)
PLAIN = (sys.executable, str(Path(__file__).with_name("plain_rounds.py")))
# Dagster's jobs take minutes for it, so they are of the long samples.
PROGRAMS = [PLAIN, pytest.param(JOBS, marks=pytest.mark.dagster)][: examples(1, 2)]


@pytest.mark.parametrize("program", PROGRAMS, ids=["by hand", "Dagster"][: len(PROGRAMS)])
def test_a_small_world_is_lived_through_and_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], program: tuple[str, ...]
) -> None:
    held = run_once(tmp_path / "once", tmp_path / "summary.json", Size(sessions=4, days=16, step_days=8), program)

    said, summary = capsys.readouterr(), json.loads((tmp_path / "summary.json").read_text())
    assert held, said.out
    assert tuple(summary) == KEYS
    assert summary["oracle"]["mails"] == summary["emails_sent"] > 0
    assert summary["ledger_balanced"] is True
    assert "every promise held" in said.out
    assert "day 16 of 16" in said.err or "rounds of the jobs" in said.err


def test_a_run_that_fails_breaks_the_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = json.dumps({"jobs": {"bill_completed_sessions": False}, "seconds": 0.0})
    script = f"import sys\nfor line in sys.stdin:\n    if line == 'quit\\n': break\n    print({answer!r}, flush=True)"

    size = Size(sessions=1, days=3, step_days=3)
    held = run_once(tmp_path / "once", tmp_path / "summary.json", size, (sys.executable, "-c", script))

    assert not held
    assert "bill_completed_sessions failed" in capsys.readouterr().out
