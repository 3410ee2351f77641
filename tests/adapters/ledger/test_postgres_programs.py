"""How PostgreSQL's own programs are found and called, without a server: stand-ins write down what they were given."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.ledger.postgres_copies import dump, find_program
from billing.domain.errors import PermanentError, TemporaryError

URL = "postgresql+psycopg://olga:se%40cret@db.example:5433/ledger?sslmode=verify-full&sslrootcert=/ca.pem&connect_timeout=3"
_STAND_IN = """#!{python}
import json, os, sys, time
given_up_at = time.monotonic() + 30  # nobody stops it whose test has died
while {late} and not os.path.exists({told!r} + ".begin") and time.monotonic() < given_up_at:
    time.sleep(0.01)
target = next(word for word in sys.argv if word.startswith("--file=")).removeprefix("--file=")
with open(target, "w") as file:
    file.write("12345")
with open({told!r}, "w") as file:
    json.dump([sys.argv[1:], {{name: value for name, value in os.environ.items() if name.startswith("PG")}}], file)
while {waits} and not os.path.exists({told!r} + ".seen") and time.monotonic() < given_up_at:
    time.sleep(0.01)
sys.stderr.write({says!r})
sys.exit({code})
"""


def stand_in(
    folder: Path, name: str, waits: bool = False, says: str = "", code: int = 0, is_late: bool = False
) -> Path:
    """A program of this name; what it was called with is written beside it. `is_late`: when it is told to."""
    folder.mkdir(exist_ok=True)
    told = str(folder / f"{name}.json")
    program = folder / name
    program.write_text(
        _STAND_IN.format(python=sys.executable, told=told, waits=waits, says=says, code=code, late=is_late)
    )
    program.chmod(0o755)
    return program


def called_with(folder: Path) -> tuple[list[str], dict[str, str]]:
    told: list[Any] = json.loads((folder / "pg_dump.json").read_text())
    return told[0], told[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PGSSLMODE", "disable")
    monkeypatch.setenv("PGPASSFILE", "/secret")
    monkeypatch.delenv("PGOPTIONS", raising=False)
    return tmp_path / "bin"


def test_the_snapshot_is_copied_and_the_password_is_on_no_command_line(folder: Path, tmp_path: Path) -> None:
    stand_in(folder, "pg_dump")

    dump(URL, tmp_path / "copy", "0001-1", lambda done, of: None)

    arguments, environment = called_with(folder)
    target = f"--file={tmp_path / 'copy'}"
    assert arguments == ["--format=custom", "--no-owner", "--no-acl", "--snapshot=0001-1", target, "ledger"]
    assert environment == {
        "PGHOST": "db.example", "PGPORT": "5433", "PGUSER": "olga", "PGPASSWORD": "se@cret",
        "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/ca.pem", "PGPASSFILE": "/secret",
    }  # fmt: skip


def test_what_the_url_leaves_out_the_program_takes_from_where_it_always_does(folder: Path, tmp_path: Path) -> None:
    stand_in(folder, "pg_dump")

    dump("postgresql+psycopg:///ledger", tmp_path / "copy", "0001-1", lambda done, of: None)

    assert called_with(folder)[1] == {"PGSSLMODE": "disable", "PGPASSFILE": "/secret"}


def test_progress_is_told_while_the_program_works(folder: Path, tmp_path: Path) -> None:
    stand_in(folder, "pg_dump", waits=True)
    told = []

    def progress(done: int, of: int) -> None:
        told.append((done, of))
        if done:
            (folder / "pg_dump.json.seen").touch()

    dump(URL, tmp_path / "copy", "0001-1", progress)

    assert (5, 0) in told


def test_a_program_that_begins_late_is_waited_for(folder: Path, tmp_path: Path) -> None:
    stand_in(folder, "pg_dump", is_late=True)
    told = []

    def progress(done: int, of: int) -> None:
        told.append((done, of))
        (folder / "pg_dump.json.begin").touch()

    dump(URL, tmp_path / "copy", "0001-1", progress)

    assert told[0] == (0, 0)


def test_a_program_that_fails_says_so_in_one_line_and_nothing_secret(folder: Path, tmp_path: Path) -> None:
    stand_in(folder, "pg_dump", says="x" * 400 + "\n  server closed\n the connection\n", code=1)

    with pytest.raises(TemporaryError) as failed:
        dump(URL, tmp_path / "copy", "0001-1", lambda done, of: None)

    end = " server closed the connection"
    assert failed.value.code == "postgres_program"
    assert failed.value.sentence == f"pg_dump failed: {'x' * (300 - len(end))}{end}"


def test_who_stops_the_copy_stops_the_program(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(folder, "pg_dump", waits=True)
    started = []

    class Noted(subprocess.Popen[str]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            started.append(self)

    def stopped(done: int, of: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.Popen", Noted)
    with pytest.raises(KeyboardInterrupt):
        dump(URL, tmp_path / "copy", "0001-1", stopped)

    assert [process.wait(timeout=20) for process in started] == [-signal.SIGKILL]


def test_programs_are_found_beside_the_server_where_no_path_leads_to_them(folder: Path, tmp_path: Path) -> None:
    beside = stand_in(tmp_path / "server", "pg_dump")
    folder.mkdir()
    (folder / "pg_config").write_text(f'#!/bin/sh\n[ "$1" = --bindir ] && echo {beside.parent}\n')
    (folder / "pg_config").chmod(0o755)

    assert find_program("pg_dump") == str(beside)
    with pytest.raises(PermanentError, match=r"^pg_restore is not here; install"):
        find_program("pg_restore")

    nearer = stand_in(folder, "pg_dump")
    assert find_program("pg_dump") == str(nearer)


@pytest.mark.parametrize("says", [None, "#!/bin/sh\nexit 1\n"])
def test_without_the_programs_it_is_said_what_to_install(folder: Path, says: str | None) -> None:
    folder.mkdir()
    if says:
        (folder / "pg_config").write_text(says)
        (folder / "pg_config").chmod(0o755)

    with pytest.raises(PermanentError) as missing:
        find_program("pg_dump")

    assert missing.value.code == "no_program"
    assert missing.value.sentence == "pg_dump is not here; install PostgreSQL's client programs."


def test_a_url_without_a_database_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"^The ledger's URL names no database\.$") as nameless:
        dump("postgresql+psycopg://db.example", tmp_path / "copy", "0001-1", lambda done, of: None)

    assert nameless.value.code == "no_database"
