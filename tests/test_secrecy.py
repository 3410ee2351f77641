"""Files are their owner's alone: what is made, and what was there before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from billing.secrecy import close_to_others, everything_in, open_to_others

ENTRANCES = {
    "command line": "from billing.cli.group import main; import sys; sys.argv = ['billing', '--version']\n"
    "try: main()\nexcept SystemExit: pass\n",
    "sandbox": "from billing.sandbox import __main__ as m; m.listen = lambda port: exit(print(oct(os.umask(0))))\n"
    "m.main([])\n",
    "demo's rounds": "import io, sys; from pipelines import demo; sys.argv, sys.stdin = ['demo'], io.StringIO('quit')\n"
    "out = sys.stdout; demo.main(); sys.stdout = out\n",
    "runs, sensors and schedules": "from pipelines.definitions import definitions; definitions()\n",
}


def modes(*paths: Path) -> list[str]:
    return [oct(path.stat().st_mode & 0o777) for path in paths]


def test_what_others_can_read_change_or_enter_is_found_and_closed(tmp_path: Path) -> None:
    folder, file, private, gone = tmp_path / "a", tmp_path / "a" / "ledger.db", tmp_path / "a" / "b", tmp_path / "gone"
    folder.mkdir(0o755)
    file.touch()
    private.touch(0o600)
    folder.chmod(0o755)
    file.chmod(0o644)  # whatever mask a test before this one has set

    assert open_to_others([folder, file, private, gone]) == [folder, file]
    assert close_to_others([folder, file, private, gone]) == [folder, file]
    assert modes(folder, file, private) == ["0o700", "0o600", "0o600"]
    assert close_to_others([folder, file, private]) == []


def test_a_link_leads_to_nothing_that_is_not_ours(tmp_path: Path) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    for folder in (ours, others):
        folder.mkdir()
    (others / "file").touch(0o644)
    (ours / "link").symlink_to(others)
    (ours / "file").touch()

    assert set(everything_in(ours)) == {ours, ours / "file"}
    assert list(everything_in(ours / "link")) == []
    assert list(everything_in(tmp_path / "none")) == []


@pytest.mark.dagster
@pytest.mark.parametrize("name", list(ENTRANCES))
def test_whatever_comes_in_by_an_entrance_makes_files_for_its_owner_only(name: str, tmp_path: Path) -> None:
    script = "import os; os.umask(0o022)\n" + ENTRANCES[name] + "print(oct(os.umask(0)))"
    env = os.environ | {"DAGSTER_HOME": str(tmp_path)}

    said = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)

    assert said.stdout.splitlines()[-1:] == ["0o77"], said.stderr
