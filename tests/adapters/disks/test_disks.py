"""What is seen of a disk: how much is free, and whether it takes anything. Nothing of ours is changed by looking."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pysqlite3.dbapi2 as driver
import pytest

from billing.adapters import disks
from billing.adapters.disks import Disks

MB = 1_000_000


def _free(_folder: Path) -> int:
    return 700 * MB


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with closing(driver.connect(str(path))) as connection:
        connection.execute("create table invoices (number)")
    return path


def test_one_disk_is_one_place(ledger: Path) -> None:
    (place,) = Disks(ledger, ledger.with_name("warehouse.duckdb"), 500 * MB, _free).look()

    assert (place.holds, place.folder) == ("the ledger and the figures", str(ledger.parent))
    assert (place.free_bytes, place.reserve_bytes, place.refused) == (700 * MB, 500 * MB, None)


def test_what_is_not_there_yet_is_looked_at_where_it_will_lie(tmp_path: Path) -> None:
    (place,) = Disks(tmp_path / "var" / "ledger.db", tmp_path / "var" / "w.duckdb", 1, _free).look()

    assert (place.folder, place.refused) == (str(tmp_path), None)
    assert list(tmp_path.iterdir()) == []


def test_the_disk_of_a_ledger_on_a_server_is_not_ours_to_look_at(tmp_path: Path) -> None:
    (place,) = Disks(None, tmp_path / "w.duckdb", 1, _free).look()

    assert place.holds == "the figures"


def test_looking_changes_nothing(ledger: Path) -> None:
    before = ledger.read_bytes()

    Disks(ledger, ledger, 1).look()

    assert ledger.read_bytes() == before
    assert [path.name for path in ledger.parent.iterdir()] == ["ledger.db"]


def test_a_ledger_that_another_program_holds_is_told_as_that(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "_PATIENCE_MS", 1)
    with closing(driver.connect(str(ledger), isolation_level=None)) as other:
        other.execute("begin immediate")
        (place,) = Disks(ledger, ledger, 1, _free).look()

    assert place.refused == "database is locked"


def test_a_damaged_ledger_is_told_as_that(ledger: Path) -> None:
    ledger.write_bytes(b"the disk has eaten it" * 500)

    assert Disks(ledger, ledger, 1, _free).look()[0].refused == "file is not a database"


_LOOK = """
import resource, sys
from pathlib import Path
from billing.adapters.disks import Disks
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))  # no file may grow
print(Disks(Path(sys.argv[1]), Path(sys.argv[1]), 1).look()[0].refused)
"""


def test_a_disk_that_takes_nothing_more_is_found_by_writing_to_it(ledger: Path) -> None:
    found = subprocess.run([sys.executable, "-c", _LOOK, str(ledger)], capture_output=True, text=True, check=True)

    assert found.stdout == "File too large\n"


def test_a_full_disk_is_found_by_writing_to_it(ledger: Path, run_on_full_disk: Callable[[str], str]) -> None:
    code = (
        "from pathlib import Path; from billing.adapters.disks import Disks;"
        " print(Disks(Path('ledger.db').absolute(), Path('w.duckdb').absolute(), 1).look())"
    )

    assert "refused='No space left on device'" in run_on_full_disk(code)


@pytest.fixture
def run_on_full_disk(tmp_path: Path) -> Callable[[str], str]:
    """Run Python in a folder whose file system, of 1 MB, is full. Linux lets only some mount one: skipped elsewhere."""
    place = tmp_path / "full"
    place.mkdir()
    script = (
        f"mount -t tmpfs -o size=1m tmpfs {place} && cd {place} && (dd if=/dev/zero of=filling bs=64k 2>&1; true)"
        ' >/dev/null && "$@"'
    )

    def run(code: str) -> str:
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", code]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        try:
            ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        except FileNotFoundError:
            pytest.skip("there is no unshare here")
        if "unshare" in ended.stderr or "mount" in ended.stderr:
            pytest.skip(f"no file system can be mounted here: {ended.stderr.strip()[:100]}")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run
