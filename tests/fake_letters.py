"""A writer whose letters are what they were told, to be read by tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from billing.domain.mail import Letter, MailContent, Owed, ReminderMail


class FakeWriter:
    """The subject is the kind of mail and its invoice; the text is all else that the mail was told."""

    def write(self, content: MailContent) -> Letter:
        number = content.invoice.number if not hasattr(content, "title") else content.title
        detail = f" {content.stage}" if hasattr(content, "stage") else ""
        told = ", ".join(f"{name}={value!r}" for name, value in self._told(content))
        return Letter(f"{type(content).__name__} {number}{detail}", told, "<p></p>")

    def _told(self, content: MailContent) -> Iterator[tuple[str, Any]]:
        for one in fields(content):
            value = getattr(content, one.name)
            if isinstance(value, Owed):  # what there is, and last of it what is owed
                there = [(part.name, getattr(value, part.name)) for part in fields(value)]
                yield from (pair for pair in there if pair[1] and pair[0] != "balance_minor")
                yield "balance_minor", value.balance_minor
            elif one.name != "invoice":
                yield one.name, value
        if isinstance(content, ReminderMail):
            yield "days_past_due", content.days_past_due
