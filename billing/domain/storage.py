"""Why a disk, a file or a database refused, in words that say what to do. The machine's own words vary by program."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """`reason`: "its disk is full". `advice`: one sentence on what to do about it."""

    reason: str
    advice: str


FULL = Refusal("its disk is full", "Make room there.")
LIMIT = Refusal("a limit on the size of files or a quota is reached", "Raise the limit, or make room.")
READ_ONLY = Refusal(
    "it may only be read", "See whether its file system was mounted read-only after an error, and who owns it."
)
NOT_ALLOWED = Refusal("this user may not open it", "See who owns it, and its folder.")
LOCKED = Refusal("another program holds it", "End that program, or wait until it is done.")
DAMAGED = Refusal("its file is damaged", "Put the newest backup in its place: `billing restore`.")
DISK_FAILS = Refusal("its disk reports an error", "See whether it is full, and what the system's log says of it.")

# What the operating system, SQLite, PostgreSQL and DuckDB say, in lower case; the first that is found counts.
_SAID = (
    ("no space left on device", FULL),
    ("database or disk is full", FULL),
    ("disk full", FULL),
    ("disk quota exceeded", LIMIT),
    ("file too large", LIMIT),
    ("read-only file system", READ_ONLY),
    ("readonly database", READ_ONLY),
    ("read-only transaction", READ_ONLY),
    ("opened in read-only mode", READ_ONLY),
    ("database is locked", LOCKED),
    ("lock timeout", LOCKED),
    ("could not set lock on file", LOCKED),
    ("conflicting lock", LOCKED),
    ("malformed", DAMAGED),
    ("not a database", DAMAGED),
    ("not a valid duckdb database file", DAMAGED),
    ("corrupt", DAMAGED),
    ("checksum", DAMAGED),
    ("unable to open database file", NOT_ALLOWED),
    ("permission denied", NOT_ALLOWED),
    ("operation not permitted", NOT_ALLOWED),
    ("input/output error", DISK_FAILS),
    ("disk i/o error", DISK_FAILS),
)


def refusal(said: str) -> Refusal | None:
    """What the machine's words mean; None for words that are not known."""
    text = " ".join(said.lower().split())
    return next((meant for words, meant in _SAID if words in text), None)


def in_words(said: object) -> str:
    """Why, with the machine's own words for those who know it, and what to do where that is known."""
    known, own_words = refusal(str(said)), in_one_line(said)
    return f"{known.reason} ({own_words}). {known.advice}" if known else f"{own_words}."


def in_one_line(said: object, at_most: int = 200) -> str:
    """Its own words, for those who know the machine: one line, not at length."""
    return " ".join(str(said).split())[:at_most]
