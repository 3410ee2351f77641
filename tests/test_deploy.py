"""The unit files of docs/deploy: systemd finds no fault with them, and they say what the page about them promises."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from billing.cli.doctor.variables import KNOWN
from billing.cli.group import COMMANDS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"
PAGE = (DEPLOY / "README.md").read_text(encoding="utf-8")
SERVICES, TIMERS = sorted(DEPLOY.glob("*.service")), sorted(DEPLOY.glob("*.timer"))
HARDENED = {
    "User": "billing", "UMask": "0077", "ProtectSystem": "strict", "ReadWritePaths": "/srv/billing/var",
    "NoNewPrivileges": "yes", "PrivateTmp": "yes", "CapabilityBoundingSet": "", "ProtectHome": "yes",
}  # fmt: skip


class Unit(RawConfigParser):
    """A unit file: names keep their capitals, and one may come more than once."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=False)
        self.read(path)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_there_is_one_of_each() -> None:
    assert [path.name for path in (*SERVICES, *TIMERS)] == [
        "studio-billing-backup.service", "studio-billing-watchdog.service", "studio-billing.service",
        "studio-billing-backup.timer", "studio-billing-watchdog.timer",
    ]  # fmt: skip


def test_systemd_finds_no_fault_with_them(tmp_path: Path) -> None:
    """Where there is no systemd, what it would read first: sections and lines."""
    for path in (*SERVICES, *TIMERS):
        here = path.read_text(encoding="utf-8").replace("/srv/billing", str(ROOT))
        (tmp_path / path.name).write_text(here, encoding="utf-8")
        assert {"Unit", "Service" if path.suffix == ".service" else "Timer"} <= set(Unit(path).sections())
    if shutil.which("systemd-analyze"):
        command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, tmp_path.iterdir())]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_each_service_runs_as_its_own_user_and_writes_below_var_only(path: Path) -> None:
    service = Unit(path)["Service"]

    assert {name: service[name] for name in HARDENED} == HARDENED


def test_what_they_run_is_there() -> None:
    run = re.findall(r"^ExecStart=(\S+) (\S+)", "\n".join(path.read_text() for path in SERVICES), re.MULTILINE)

    assert {words for program, words in run if program.endswith("/billing")} == {"up", "backup", "watchdog"}
    assert {"up", "backup", "watchdog"} <= set(COMMANDS)


def test_the_main_service_comes_back_and_ends_whole() -> None:
    unit = Unit(DEPLOY / "studio-billing.service")
    service = unit["Service"]

    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert service["Restart"] == "always"
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > 2 * 20  # the supervisor's grace, twice: its own and the guardian's


def test_each_timer_has_its_service_and_the_page_names_all_of_them() -> None:
    assert {path.stem for path in TIMERS} < {path.stem for path in SERVICES}
    assert all(f"`{path.name}`" in PAGE for path in TIMERS)


def test_the_page_names_settings_and_commands_that_exist() -> None:
    assert set(re.findall(r"BILLING_[A-Z_]+", PAGE)) <= KNOWN
    assert set(re.findall(r"`billing ([a-z-]+)", PAGE)) <= set(COMMANDS)
