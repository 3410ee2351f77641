"""What waits for a person, told once per subject: since when, what is the matter, and the commands that end it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from billing.domain.task_commands import commands_of
from dashboards import wording

# The end of a sentence: Ask the client for another address. When it is mended: `billing retry eff_1`, or with `--to …`.
# It is left out, for the commands stand below it; they are never read out of it, because a sentence quotes outsiders.
_SAID_BELOW = re.compile(r"\s*(?:When|Then|To)\b[^.:`]*:\s*`billing [^`]+`(?:,? or (?:with )?`--[^`]+`)*\.?\s*$")


@dataclass(frozen=True, slots=True)
class Matter:
    """All that waits about one subject. `sentences` are told apart by more than their command."""

    subject: str
    days_open: int
    count: int
    sentences: tuple[str, ...]
    commands: tuple[str, ...]

    @property
    def lead(self) -> str:
        """Several are one for each of several items, or different ends of one, of which only one is true."""
        return "Then run:" if len(self.commands) == 1 else "Then run what is right of:"

    @property
    def waiting(self) -> str:
        if self.days_open <= 0:
            return "since today"
        return f"waiting for {wording.count(self.days_open, 'day')}"


def by_subject(rows: Iterable[dict[str, Any]]) -> list[Matter]:
    """Rows of the mart needs_attention as matters, the longest waiting first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (-row["days_open"], row["attention_id"])):
        groups.setdefault(row["subject"], []).append(row)
    return [_matter(subject, group) for subject, group in groups.items()]


def safe(text: str) -> str:
    """Words from outside as HTML: they stay words, and what stands in backticks is set as code."""
    escaped = html.escape(" ".join(text.split()))
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escaped)


def _matter(subject: str, rows: list[dict[str, Any]]) -> Matter:
    sentences = [_SAID_BELOW.sub("", row["sentence"]) for row in rows]
    commands = [command for row in rows for command in commands_of(row["code"], row["subject_id"])]
    return Matter(
        subject=subject,
        days_open=rows[0]["days_open"],
        count=len(rows),
        sentences=tuple(dict.fromkeys(sentences)),
        commands=tuple(dict.fromkeys(commands)),
    )
