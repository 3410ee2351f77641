"""What the studio keeps on this machine is nobody else's: at the start of `up`, at a backup, and in a readable .env."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from billed_studio import Run

from billing.cli.private_places import records
from billing.secrecy import open_to_others
from billing.settings import load_settings


@pytest.fixture
def old_place(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A studio that an earlier version left readable by everybody."""
    homes = {"DAGSTER_HOME": tmp_path / "dagster", "LOGS": tmp_path / "logs"}
    for name, folder in homes.items():
        monkeypatch.setattr(f"billing.cli.private_places.{name}", folder)
        if name == "DAGSTER_HOME":
            monkeypatch.setattr(f"billing.cli.up.{name}", folder)
    monkeypatch.setenv("BILLING_BACKUP_FOLDER", str(tmp_path / "copies"))
    names = (
        "ledger.db", "ledger.db.stripe-pace", "ledger.before-restore-1.db", "w.duckdb", "w.building.duckdb",
        "w.building.lock", "copies/ledger-1.db", "copies/ledger-1.db.json", "dagster/history/runs.db",
        "logs/daemon.log",
    )  # fmt: skip
    places = [tmp_path / name for name in names]
    for path in places:
        path.parent.mkdir(0o755, parents=True, exist_ok=True)
        path.touch()
        path.chmod(0o644)
        for folder in path.relative_to(tmp_path).parents:
            (tmp_path / folder).chmod(0o755)  # whatever an entrance has told this process to do with new files
    return places


def test_all_of_it_is_found_and_nothing_else(old_place: list[Path], tmp_path: Path) -> None:
    others = [tmp_path / "mine.txt", tmp_path / "copies" / "holiday.jpg"]
    for path in others:
        path.touch()

    found = set(open_to_others(records(load_settings())))

    folders = {path.parent for path in old_place} - {tmp_path} | {tmp_path / "dagster"}  # it runs in tmp_path itself
    assert found == {*old_place, *folders}


def test_up_closes_what_was_open_and_refuses_keys_that_others_can_read(
    old_place: list[Path], run: Run, tmp_path: Path
) -> None:
    (tmp_path / ".env").touch()
    (tmp_path / ".env").chmod(0o644)

    refused = run("up", "--dagster-port", "13000", "--dashboard-port", "18501", "--portal-port", "18600")

    assert refused.exit_code == 1
    assert "MEND  secrecy" in refused.stdout
    assert "run: chmod 600 .env." in refused.stdout
    assert "files and folders could be read by others on this machine: now they cannot" in refused.stdout
    assert open_to_others(records(load_settings())) == []
    assert oct((tmp_path / ".env").stat().st_mode & 0o777) == "0o644"  # keys that were read are for a person to renew


def test_a_backup_closes_what_was_open(old_place: list[Path], run: Run) -> None:
    assert run("backup").exit_code == 0

    assert open_to_others(records(load_settings())) == []


def test_what_a_command_makes_is_its_owners_alone_whatever_the_shell_says(run: Run, tmp_path: Path) -> None:
    new = tmp_path / "new" / "deep"
    env = os.environ | {
        "BILLING_LEDGER_URL": f"sqlite:///{new}/ledger.db",
        "BILLING_WAREHOUSE_PATH": str(new / "w.duckdb"),
    }
    for words in (["warehouse", "rebuild"], ["backup", str(new / "copy.db")]):
        command = [str(Path(sys.executable).parent / "billing"), *words]
        subprocess.run(["sh", "-c", 'umask 0; exec "$@"', "sh", *command], env=env, check=True, capture_output=True)

    made = [new.parent, new, *new.iterdir()]
    assert len(made) > 5
    assert open_to_others(made) == []
