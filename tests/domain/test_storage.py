"""What machines say of their disks and files, in words that say what to do."""

from __future__ import annotations

import pytest

from billing.domain.storage import DAMAGED, DISK_FAILS, FULL, LIMIT, LOCKED, NOT_ALLOWED, READ_ONLY, in_words, refusal


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("[Errno 28] No space left on device: '/srv/x'", FULL),
        ("database or disk is full", FULL),
        ('could not extend file "base/1/2": No space left on device', FULL),
        ("[Errno 122] Disk quota exceeded", LIMIT),
        ('IO Error: Could not write file "/srv/w.fresh": File too large', LIMIT),
        ("attempt to write a readonly database", READ_ONLY),
        ("[Errno 30] Read-only file system", READ_ONLY),
        ("database is locked", LOCKED),
        ('IO Error: Could not set lock on file "/srv/w.duckdb": Conflicting lock is held in duckdb (PID 9)', LOCKED),
        ("file is not a database", DAMAGED),
        ("database disk image is malformed", DAMAGED),
        ("The file exists, but it is not a valid DuckDB database file!", DAMAGED),
        ("unable to open database file", NOT_ALLOWED),
        ("[Errno 13] Permission denied", NOT_ALLOWED),
        ("disk I/O error", DISK_FAILS),
        ("relation does not exist", None),
    ],
)
def test_the_words_of_each_program_are_known(said: str, meant: object) -> None:
    assert refusal(said) is meant


def test_the_machines_own_words_stand_beside_ours_in_one_line_and_not_at_length() -> None:
    assert in_words("disk\n  full") == "its disk is full (disk full). Make room there."
    assert in_words("no\nroute to host") == "no route to host."
    assert len(in_words("x" * 1000)) < 250
