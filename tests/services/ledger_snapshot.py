"""What a ledger holds after a story, as text for people: the rows of its tables, and the mails that went out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Table
from studio import Studio

from billing.adapters.ledger.schema import metadata

# What outside said, pictures, and how far the numbers of rows have come.
_LEFT_OUT = (
    "source_records",
    "record_links",
    "documents",
    "cursors",
    "ledger_clock",
)
# What follows from the rest, or from the machine; and the numbers of rows that nothing refers to.
_SILENT = re.compile(r"hash|sha256|snapshot|content|lease|worker|seq$|^(attention|consent|inbox)_id$")
_ID = re.compile(r"(?<=_)[0-9a-f]{24}\b|\b[0-9a-f]{32}\b")
MAILS = "mails"
EVERYTHING = {table.name: "true" for table in metadata.sorted_tables if table.name not in _LEFT_OUT} | {MAILS: ""}


def ledger_snapshot(studio: Studio, only: Mapping[str, str] = EVERYTHING) -> str:
    """`only`: which tables, with which of their rows. Ids that follow from what they are of are numbered instead."""
    numbers: dict[str, str] = {}
    count = itertools.count(1)
    tables = [table for table in metadata.sorted_tables if table.name in only]
    lines = [line for table in tables for line in _rows(studio, table, only[table.name])]
    text = "\n".join([*lines, *(_mails(studio) if MAILS in only else [])]) + "\n"
    for found in _ID.findall(text):
        if found not in numbers:
            numbers[found] = f"#{next(count)}"
    return _ID.sub(lambda found: numbers[found[0]], text)


def _rows(studio: Studio, table: Table, where: str) -> Iterator[str]:
    told = [column.name for column in table.columns if not _SILENT.search(column.name)]
    found = studio.rows(f"select {', '.join(told)} from {table.name} where {where}")
    if found:
        yield f"\n{table.name}"
        yield from sorted(_line(row, told) for row in found)


def _line(row: tuple[Any, ...], names: list[str]) -> str:
    said = (f"{name}={_short(value)}" for name, value in zip(names, row, strict=True) if value is not None)
    return f"  {'; '.join(said)}"


def _short(value: Any) -> str:
    return " ".join(str(value).split())


def _mails(studio: Studio) -> list[str]:
    sent = [
        f"  {mail.letter.subject} to {', '.join(mail.to)} from {mail.sender} ({mail.message_id}), answers to"
        f" {mail.reply_to}: {mail.letter.text}; with {[(one.filename, one.content[:40]) for one in mail.attachments]}"
        for mail in studio.mailer.sent
    ]
    return ["\nmails", *sorted(sent)] if sent else []
