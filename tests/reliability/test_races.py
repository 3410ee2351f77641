"""Many processes want the same thing at the same instant: it happens once. `make reliability` races ten times as often.

The racers are made by a process of their own: a child must not inherit pytest's threads.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RACES = Path(__file__).with_name("races.py")


def raced(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RACES), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_eight_processes_that_race_to_charge_one_invoice_charge_it_once() -> None:
    ended = raced("--charges", "20", "--numbers", "0")

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]


def test_processes_that_bill_one_backlog_at_once_leave_no_gap_and_no_second_invoice() -> None:
    ended = raced("--charges", "0", "--numbers", "3")

    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-2000:]
