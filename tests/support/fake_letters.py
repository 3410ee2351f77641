"""A writer whose letters are what they were told, to be read by tests; and a mailer that keeps what it accepted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from fakes import Line

from billing.domain.errors import PermanentError
from billing.domain.mail import Letter, Mail, MailContent, Owed, OwnerAlert, OwnerDigest, ReminderMail


class FakeWriter:
    """The subject is the kind of mail and its invoice, title or day; the text is all else that the mail was told."""

    def write(self, content: MailContent) -> Letter:
        about = self._about(content)
        detail = f" {content.stage}" if hasattr(content, "stage") else ""
        told = ", ".join(f"{name}={value!r}" for name, value in self._told(content))
        return Letter(f"{type(content).__name__} {about}{detail}", told, "<p></p>")

    def _about(self, content: MailContent) -> str:
        if isinstance(content, OwnerAlert):
            return content.title
        return str(content.day if isinstance(content, OwnerDigest) else content.invoice.number)

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


class FakeMailer:
    """Keeps what it accepted; refuses addresses that it was told do not exist."""

    def __init__(self) -> None:
        self.line = Line()
        self.sent: list[Mail] = []
        self.gone: set[str] = set()

    def send(self, mail: Mail) -> dict[str, str]:
        self.line.pass_through("send")
        refused = {address: "550." for address in mail.to if address in self.gone}
        if len(refused) == len(mail.to):
            raise PermanentError("mail_bounced", f"The mail server refuses {mail.to[0]}: 550.")
        self.sent.append(mail)
        self.line.pass_through("send", "after")
        return refused

    def subjects(self) -> list[str]:
        return sorted(mail.letter.subject for mail in self.sent)
