"""`billing hold`, `release`, `backup`, `restore`, `watchdog` and the mails in doubt, as an operator types them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from billed_studio import Run, one_line

from billing.adapters.ledger.unit_of_work import SqlLedger
from billing.domain.effects import RESTORED, EffectKind, Intent


@pytest.fixture
def ledger(run: Run) -> SqlLedger:
    """The copy that `run` works on."""
    assert run is not None
    return SqlLedger(os.environ["BILLING_LEDGER_URL"])


def test_a_hold_is_shown_with_how_to_lift_it_and_lifted(run: Run) -> None:
    held = run("hold", "--reason", "wrong prices", "--actor", "olga", "--yes")
    status = run("status").stdout
    needs = run("needs-attention").stdout
    released = run("release", "--reason", "mended", "--yes", "--now")

    assert held.stdout.startswith("Nothing goes out from now on")
    assert "HELD" in status
    assert "(olga: wrong prices). To let it go on: `billing release" in status
    assert "billing release --reason" in needs
    assert released.stdout == "Everything goes on.\n"
    assert json.loads(run("status", "--json").stdout)["held"] is None


def test_a_hold_asks_first_and_a_no_holds_nothing(run: Run) -> None:
    assert run("hold", "--reason", "x", typed="n\n").exit_code == 1
    assert json.loads(run("status", "--json").stdout)["held"] is None


def test_a_backup_is_restored_and_then_nothing_goes_out(run: Run, ledger: SqlLedger, tmp_path: Path) -> None:
    ledger.close()
    path = Path(run("backup", str(tmp_path)).stdout.strip())
    assert path.parent == tmp_path
    assert json.loads(path.with_name(f"{path.name}.json").read_text())["stripe_account"].startswith("acct_")

    restored = run("restore", str(path), "--reason", "the disk is gone", "--actor", "olga", "--yes")

    assert restored.stdout.startswith("Restored. The ledger that was there is kept: ")
    assert "which lifts it: `billing reconcile`" in run("status").stdout
    refused = one_line(run("release", "--reason", "never mind", "--yes", "--now"))
    assert "`billing reconcile`" in refused


def test_a_backup_without_a_target_goes_to_the_folder_of_the_settings(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_BACKUP_FOLDER", str(tmp_path / "kept"))

    path = Path(run("backup").stdout.strip())

    assert path.parent == tmp_path / "kept"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_backup_over_a_file_that_is_there_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken.db").write_text("mine")

    assert "never written over" in one_line(run("backup", str(tmp_path / "taken.db")))
    assert (tmp_path / "taken.db").read_text() == "mine"


def test_a_restore_of_nothing_is_one_line(run: Run, tmp_path: Path) -> None:
    assert "There is no" in one_line(run("restore", str(tmp_path / "nothing.db"), "--reason", "x", "--yes"))


def test_mails_in_doubt_are_listed_and_settled_at_once(run: Run, ledger: SqlLedger) -> None:
    now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    with ledger.write() as uow:
        uow.effects.intend(Intent(EffectKind.MAIL, "owner_alert", "limits", {}), now)
        uow.effects.doubt_all(RESTORED, "a backup was restored", now)

    shown = run("settle", "--mails", "show").stdout
    settled = run("settle", "--mails", "done", "--reason", "in the sent folder", "--yes", "--now")

    assert "the owner" in shown
    assert settled.stdout.endswith("mails are settled as sent.\n")
    assert run("settle", "--mails", "show").stdout == "No mail is in doubt.\n"


def test_the_watchdog_says_what_is_late_and_exits_with_one(run: Run, ledger: SqlLedger) -> None:
    assert run("watchdog").exit_code == 0
    with ledger.write() as uow:
        uow.operations.beat("due_work", timedelta(minutes=1), datetime(2020, 1, 1, tzinfo=UTC))

    late = run("watchdog")

    assert late.exit_code == 1
    assert "due_work last did its work on 2020-01-01 at 00:00 UTC" in one_line(late)
    assert "LATE due_work" in run("status").stdout
    assert "billing doctor" in run("needs-attention").stdout
