"""Telling the owner that the machinery itself has failed: under "needs attention", and by one mail a day a job."""

from __future__ import annotations

from collections.abc import Sequence

from billing.domain.effects import EffectKind, Intent
from billing.domain.events import PIPELINE
from billing.domain.mail import MailKind
from billing.ports.ledger import Books
from billing.services.house import House


def alert_run_failed(house: House, job: str, run_id: str, reasons: Sequence[str]) -> bool:
    """Show a failed run to a person; True if a mail to the owner was committed to. A second alert changes nothing.

    Without an owner's address it is shown under "needs attention" alone.
    """
    why = " ".join(reasons) or "It ended without saying why."
    sentence = f"Run {run_id[:8]} of {job} failed: {why} Look at it in Dagster; it goes on by itself when it is mended."
    told = [f"Run {run_id[:8]} failed on {house.today()}.", *reasons, "No money moves twice by this."]
    with house.ledger.write() as books:
        books.desk.raise_attention(f"job:{job}", "run_failed", sentence, house.now())
        return mail_to_owner(house, books, f"job:{job}", f"{job} failed", told)


def mail_to_owner(house: House, books: Books, subject: str, title: str, sentences: Sequence[str]) -> bool:
    """Commit to one mail about this; True if there was none today. False without an owner's address.

    The day is part of the subject: what fails every minute sends one mail a day, not one a minute.
    """
    if not house.policy.owner_email:
        return False
    parameters: dict[str, str | int | None] = {
        "title": title,
        "sentences": "\n".join(sentences),
    }
    intent = Intent(EffectKind.MAIL, MailKind.OWNER_ALERT.value, _of_today(house, subject), parameters)
    return books.effects.intend(intent, house.now())


def was_mailed_today(house: House, books: Books, subject: str) -> bool:
    """Also true where there is nobody to write to."""
    return not house.policy.owner_email or bool(books.effects.of_subject(_of_today(house, subject)))


def _of_today(house: House, subject: str) -> str:
    return f"{subject}:{house.today()}"


def run_succeeded(house: House, job: str) -> int:
    """The job works again: its open item is closed. Cheap when nothing is open."""
    subject = f"job:{job}"
    with house.ledger.read() as books:
        is_open = any(item.subject_id == subject for item in books.desk.open_items())
    if not is_open:
        return 0
    with house.ledger.write() as books:
        return books.desk.resolve_attention(subject, "run_failed", PIPELINE, house.now())
