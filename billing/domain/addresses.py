"""To which addresses a mail goes: today's, not those of the day of the invoice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.mail import MailKind


class Origin(StrEnum):
    """Who says how a client is reached: the booking system, or a person after a mail came back."""

    BOOKED = "booked"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Addresses:
    """A client's addresses as one origin says them, the first to be written to; `since` when it first said so."""

    emails: tuple[str, ...]
    since: datetime


def addressees(
    kind: MailKind, billed: tuple[str, ...], booked: Addresses | None = None, given: Addresses | None = None
) -> tuple[str, ...]:
    """Receipts go to all of the client's addresses, the rest to the first.

    What a person gave wins until the booking system says something newer, and all mail goes to all of it; `billed`,
    those that the invoice was frozen with, serve where nobody has said anything since.
    """
    if given and (booked is None or booked.since <= given.since):
        return given.emails
    emails = booked.emails if booked else billed
    return emails if kind is MailKind.RECEIPT else emails[:1]


def are_the_same(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether mail goes the same way: capital letters make no difference to any mail server that we know of."""
    return [email.casefold() for email in one] == [email.casefold() for email in other]
