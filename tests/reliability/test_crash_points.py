"""Whatever kills a worker, at whatever seam: recovered, the world is the one without a crash.

The cases are played by a process of their own, which forks its workers: a child must not inherit pytest's threads.
Every 24th label, the first time that it is reached, with one worker, is tried here; `make reliability` tries all.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Protocol

from crash_points import call_labels, commit_labels, methods
from crash_scenario import EXEMPT

from billing.ports.outside import PaymentGateway

HERE = Path(__file__).parent


def played(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "crash_cases.py"), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_every_exemption_is_of_a_label_that_there_is() -> None:
    labels = call_labels() | commit_labels()

    assert [name for name in EXEMPT if not any(label.startswith(f"{name} ") for label in labels)] == []


def test_killed_at_any_label_and_once_more_in_its_recovery_a_worker_leaves_nothing_undone_and_nothing_twice() -> None:
    """Fails, too, when the scenario does not come to a label: a new call or commit has its labels by itself."""
    ended = played("--every", "24")

    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]


def test_a_new_call_outside_has_its_labels_by_itself() -> None:
    class Extended(PaymentGateway, Protocol):
        def send_flowers(self) -> None: ...

    assert {"send_flowers", *methods(PaymentGateway)} == set(methods(Extended))
    assert {"PaymentGateway.refund before", "PaymentGateway.refund after"} <= call_labels()


def test_commits_are_named_by_where_they_are() -> None:
    assert {"bootstrap:pin_account before commit", "services.commands.carry_out:submit after commit"} <= commit_labels()
